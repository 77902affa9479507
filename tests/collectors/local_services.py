"""Last.fm and ListenBrainz on this machine: documented answers, and every way not to give one."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr

import httpx2 as httpx

from muso_exp.collectors.collection import Collection, is_collection
from muso_exp.collectors.lastfm import LastFm, lastfm_fault
from muso_exp.collectors.listenbrainz import ListenBrainz
from muso_exp.collectors.polite import Patience, PoliteTransport, RateLimit, json_fault

KEY = "canary-key-of-nobody"
N_USERS = 40
RING = [f"listener-{number}" for number in range(N_USERS)]  # each has the next two as friends
SILENT, HIDES, GONE = RING[3], RING[7], "listener-gone"
NOW = 1_700_000_000
BOMB = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><lfm status="ok">&b;</lfm>'
Misbehaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Misbehaves as the server's script says, else answers as documented."""

    server: "Service"
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # an answer in one packet, or each waits 40 ms for the next

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        self.serve(unquote(split.path), {k: v[0] for k, v in parse_qs(split.query).items()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.serve("", {key: values[0] for key, values in parse_qs(body).items()})

    def serve(self, path: str, asked: dict[str, str]) -> None:
        question = " ".join([path, *(f"{k}={v}" for k, v in sorted(asked.items())
                                     if k != "api_key")])  # fmt: skip
        self.server.asked[question] += 1
        self.server.at.append(time.monotonic())
        if self.server.script:
            self.server.script.pop(0)(self)
        elif path:
            self.send(*listenbrainz(self.server, path, asked))
        else:
            self.send(*lastfm(self.server, asked))

    def send(self, status: int, text: str | bytes, **headers: str) -> None:
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Service(ThreadingHTTPServer):
    """Both services.

    Attributes:
        script: what the next requests get instead of an answer.
        asked: how often each question was asked.
        at: when.
        listens: of each user, times before now.
        follows: of each user.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Misbehaviour] = []
        self.asked: Counter[str] = Counter()
        self.at: list[float] = []
        self.per_page = 4
        self.listens = {name: [NOW - 10 * n for n in range(1, 10)] for name in RING}
        self.listens[SILENT] = []
        self.friends = {name: [RING[(place + step) % N_USERS] for step in (-2, -1, 1, 2)]
                        for place, name in enumerate(RING)}  # fmt: skip

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away


@contextmanager
def running() -> Iterator[Service]:
    service = Service()
    Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        with mock.patch("os.fsync"):  # a power cut is not what is tested, and a disk is slow
            yield service
    finally:
        service.shutdown()
        service.server_close()


def element(kind: str, **children: object) -> str:
    inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in children.items())
    return f"<{kind}>{inner}</{kind}>"


def refusal(code: int, reason: str) -> str:
    return f'<lfm status="failed"><error code="{code}">{reason}</error></lfm>'


def lastfm(service: Service, asked: dict[str, str]) -> tuple[int, str]:
    method = asked["method"].lower()
    if asked["api_key"] != KEY:
        return 403, refusal(10, f"Invalid API key {asked['api_key']}")
    if method == "artist.gettoptags":
        both = element("tag", name="rock", count=100)
        both += element("tag", name=asked["artist"], count=50)
        answer = f"<toptags artist={quoteattr(asked['artist'])}>{both}</toptags>"
    elif asked["user"] not in RING:
        return 404, refusal(6, "User not found")
    elif method == "user.getfriends":
        if asked["user"] == HIDES:
            return 400, refusal(17, "Login required")
        page, size = int(asked.get("page", "1")), service.per_page
        names = service.friends[asked["user"]]
        shown = names[(page - 1) * size : page * size]
        users = "".join(element("user", name=name) for name in shown)
        answer = f'<friends totalPages="{-(-len(names) // size)}">{users}</friends>'
    else:
        answer = top(method.removeprefix("user.gettop").removesuffix("s"), asked["user"])
    return 200, f'<?xml version="1.0" encoding="UTF-8"?><lfm status="ok">{answer}</lfm>'


def top(kind: str, user: str) -> str:
    number = RING.index(user)
    names = [] if user == SILENT else [f"{kind} {item}" for item in range(number, number + 12)]
    things = []
    for place, name in enumerate(names):
        artist = "" if kind == "artist" else element("artist", name="artist 1")
        body = f"<name>{name}</name><playcount>{100 - place}</playcount>{artist}"
        things.append(f"<{kind}>{body}</{kind}>")
    return f'<top{kind}s totalPages="1">{"".join(things)}</top{kind}s>'


def listenbrainz(service: Service, path: str, asked: dict[str, str]) -> tuple[int, str]:
    _, _, _, user, kind = path.split("/")
    if user not in RING:
        return 404, json.dumps({"code": 404, "error": f"Cannot find user: {user}"})
    if kind != "listens":
        names = service.friends[user][2:] if kind == "following" else service.friends[user][:2]
        return 200, json.dumps({kind: names, "user": user})
    times = [at for at in service.listens[user] if at < int(asked["max_ts"])]
    size = min(service.per_page, int(asked["count"]))
    listens = [listen(user, at) for at in sorted(times, reverse=True)[:size]]
    payload = {"count": len(listens), "user_id": user, "listens": listens}
    return 200, json.dumps({"payload": payload})


def listen(user: str, at: int) -> dict[str, Any]:
    artist = f"artist {(RING.index(user) + at) % 5}"
    more = {"submission_client": "device of a user", "origin_url": "http://somewhere"}
    track = {"artist_name": artist, "track_name": f"song {at % 7} \u2028", "release_name": "album"}
    names = {"recording_mbid": "0-1", "artist_mbids": ["2-3"]}
    track |= {"additional_info": more, "mbid_mapping": names}
    return {"listened_at": at, "user_name": user, "inserted_at": at, "track_metadata": track}


def status(code: int, text: str = "<html>no</html>", **headers: str) -> Misbehaviour:
    return lambda handler: handler.send(code, text, **headers)


def raw(body: bytes) -> Misbehaviour:
    return lambda handler: handler.send(200, body)


def half(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"payload": {"li')
    handler.close_connection = True


def slow(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.04)


def silent(handler: Handler) -> None:
    time.sleep(0.6)
    handler.close_connection = True


def dropped(handler: Handler) -> None:
    handler.close_connection = True


class ToService(httpx.BaseTransport):
    """Carries a request to the service on this machine, whatever address it has."""

    def __init__(self, service: Service) -> None:
        self.address, self.carrier = service.address, httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = self.address + request.url.raw_path.decode()
        headers = {k: v for k, v in request.headers.items() if k != "host"}
        anew = httpx.Request(request.method, url, headers=headers, content=request.read(),
                             extensions=request.extensions)  # fmt: skip
        return self.carrier.handle_request(anew)


class Slept(list):
    """Records waiting times instead of waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def quick(slept: Callable[[float], None] | None = None) -> Patience:
    sleep = Slept() if slept is None else slept
    return Patience(connect=2, read=0.3, whole=0.4, waits=(2, 4), sleep=sleep, clock=lambda: NOW)


def polite(service: Service, folder: Path, judge: Callable, patience: Patience) -> PoliteTransport:
    limit = RateLimit("test", 0.0, patience, folder / "pace")
    return PoliteTransport("Test", judge, limit, patience, ToService(service))


def begun(folder: Path) -> Collection:
    if not is_collection(folder):
        Collection.begin(folder, {"source": "test", "until": NOW})
    return Collection(folder)


def ask_lastfm(service: Service, folder: Path, patience: Patience | None = None) -> LastFm:
    """Connect with the key of the environment."""
    transport = polite(service, folder.parent, lastfm_fault, patience or quick())
    return LastFm.connect(transport, begun(folder))


def ask_listenbrainz(
    service: Service, folder: Path, patience: Patience | None = None
) -> ListenBrainz:
    return ListenBrainz(polite(service, folder.parent, json_fault, patience or quick()))
