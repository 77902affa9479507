"""Requests to a service: at one pace for all processes of the machine, with bounded patience."""

from __future__ import annotations

import getpass
import json
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.request import getproxies

import httpx2 as httpx
from filelock import FileLock

from muso_exp.collectors.files import write_text
from muso_exp.errors import ConfigError, SourceError, Through
from muso_exp.redaction import HIDDEN, secret_values

log = logging.getLogger(__name__)

_KEPT = ("content-type", "x-ratelimit-remaining", "x-ratelimit-reset-in")  # headers of an answer
AGAIN = "the same command goes on from here"


@dataclass(frozen=True)
class Patience:
    """How long a service is waited for; times in seconds.

    Attributes:
        connect: until a connection stands.
        read: until the next bytes come.
        whole: until an answer is there.
        waits: before the second try, the third, ...; then a question is given up.
        longest: the longest pause that a service may ask for.
        most_bytes: of an answer.
        sleep: waits for some seconds.
        clock: seconds since 1970, the same for all processes.
    """

    connect: float = 10
    read: float = 30
    whole: float = 120
    waits: tuple[float, ...] = (2, 4, 8, 16, 32, 64)
    longest: float = 900
    most_bytes: int = 2**26
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class Fault:
    """What is wrong with an answer.

    Attributes:
        what: in words.
        again: whether the same question may be answered later.
        pause: seconds that the service asks to wait; 0 where it does not say.
    """

    what: str
    again: bool = True
    pause: float = 0.0


class RateLimit:
    """The least time between two requests of all processes of a user on this machine.

    The time of the next request stands in a file, behind a lock.

    Args:
        service: whose name the file has.
        interval: seconds between two requests.
        patience: its clock and its longest pause.
        folder: of the file; None for one that all processes of the user share.
    """

    def __init__(
        self, service: str, interval: float, patience: Patience, folder: Path | None = None
    ) -> None:
        shared = Path(tempfile.gettempdir()) / f"muso_exp-{getpass.getuser()}"
        self.folder, self.interval, self.patience = folder or shared, interval, patience
        self._path = self.folder / f"{service}.next"

    def wait(self) -> None:
        """Wait for the turn of this request.

        Raises:
            ConfigError: the file cannot be written.
        """
        with self._lock():
            left = self._next() - self.patience.clock()
            if left > 0:
                self.patience.sleep(left)
            self._set(self.patience.clock() + self.interval)

    def pause(self, seconds: float) -> None:
        """Let no process ask for some seconds."""
        with self._lock():
            self._set(max(self._next(), self.patience.clock() + seconds))

    def _lock(self) -> FileLock:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.folder}: cannot be made: {error.strerror}") from error
        if not os.access(self.folder, os.W_OK):
            raise ConfigError(f"{self.folder}: cannot be written; set TMPDIR to another folder")
        return FileLock(self._path.with_suffix(".lock"))

    def _next(self) -> float:
        """Return when the next request may be made; a time too far away is of a wrong clock."""
        try:
            found = float(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0.0
        limit = self.patience.clock() + self.patience.longest
        return found if found <= limit else 0.0  # False for NaN too

    def _set(self, when: float) -> None:
        write_text(self._path, repr(when))


def _carrier() -> httpx.BaseTransport:
    """Return what carries requests, through the proxy of the environment if there is one."""
    return httpx.HTTPTransport(proxy=getproxies().get("https"))


class _TooLong(Exception):
    """An answer takes too much time or space."""


@dataclass
class PoliteTransport(httpx.BaseTransport):
    """Asks at the pace of a `RateLimit`, and again where an answer is none.

    What is given up is raised as `Through`, its cause the SourceError: libraries that ask by this
    transport would otherwise wrap it, or ask again themselves.

    Attributes:
        service: its name, for messages.
        judge: HTTP status and body of an answer -> what is wrong with it, None if nothing.
        limit: the pace.
        patience: how long is waited.
        inner: what carries the requests.
    """

    service: str
    judge: Callable[[int, bytes], Fault | None]
    limit: RateLimit
    patience: Patience
    inner: httpx.BaseTransport = field(default_factory=_carrier)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request, its body read and judged good, without secrets.

        Raises:
            Through: from SourceError: no good answer.
        """
        request.read()
        waits = iter(self.patience.waits)
        while True:
            self.limit.wait()
            answer = self._ask(request)
            if isinstance(answer, httpx.Response):
                if (seconds := _until_reset(answer.headers)) > 0:
                    self.limit.pause(seconds)
                return answer
            self._pause(answer, next(waits, None))

    def _pause(self, fault: Fault, wait: float | None) -> None:
        """Let all wait before the next try, or give up."""
        what = fault.what
        if fault.pause > self.patience.longest:
            what += f", and it asks to wait {fault.pause:.0f} s"
        elif fault.again and wait is not None:
            seconds = max(fault.pause, wait)
            log.info("%s: %s; asked again in %.0f s", self.service, what, seconds)
            return self.limit.pause(seconds)
        raise Through from SourceError(f"{what}; {AGAIN}")

    def _ask(self, request: httpx.Request) -> httpx.Response | Fault:
        times = self.patience
        request.extensions["timeout"] = httpx.Timeout(times.read, connect=times.connect).as_dict()
        try:
            found = self.inner.handle_request(request)
            try:
                body = self._body(found)
            finally:
                found.close()
        except _TooLong as error:
            return Fault(str(error))
        except httpx.RequestError as error:
            return Fault(f"no whole answer ({type(error).__name__})")
        for secret in secret_values():
            body = body.replace(secret.encode(), HIDDEN.encode())
        fault = self.judge(found.status_code, body)
        if fault is not None:
            return replace(fault, pause=_asked_pause(found.headers, times.clock()))
        headers = {name: found.headers[name] for name in _KEPT if name in found.headers}
        return httpx.Response(found.status_code, headers=headers, content=body)

    def _body(self, answer: httpx.Response) -> bytes:
        """Return the body of an answer.

        Raises:
            _TooLong: too many bytes, or too slow.
        """
        start, parts, size = time.monotonic(), [], 0
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > self.patience.most_bytes:
                raise _TooLong(f"an answer of more than {self.patience.most_bytes} bytes")
            if time.monotonic() - start > self.patience.whole:
                raise _TooLong(f"an answer that takes more than {self.patience.whole:g} s")
        return b"".join(parts)


@contextmanager
def given_up(what: str) -> Iterator[None]:
    """Raise what a `PoliteTransport` gave up as SourceError, which says what was asked for."""
    try:
        yield
    except Through as through:
        raise SourceError(f"{what}: {through.__cause__}") from None


def http_fault(status: int) -> Fault | None:
    """Return what an HTTP status says is wrong, None for success."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Fault("it redirects to another address, which is not followed", again=False)
    if status in (401, 403):
        return Fault(f"access is refused (HTTP {status})", again=False)
    return Fault(f"HTTP {status}", again=status in (408, 425, 429) or status >= 500)


def json_fault(status: int, body: bytes) -> Fault | None:
    """Return what is wrong with an answer that should be a JSON object; 404 with one is good."""
    try:
        good = isinstance(json.loads(body.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        good = False
    if good and status == 404:
        return None
    return http_fault(status) or (None if good else Fault("its answer is no JSON object"))


def _asked_pause(headers: httpx.Headers, now: float) -> float:
    """Return the seconds that a refusing service asks to wait; 0 where it does not say."""
    given = headers.get("retry-after", "").strip()
    if not given:
        return _seconds(headers.get("x-ratelimit-reset-in"))
    if given.replace(".", "", 1).isdecimal():
        return _seconds(given)
    try:
        when = parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max((when - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0)


def _until_reset(headers: httpx.Headers) -> float:
    """Return the seconds until more requests are allowed, where none is left; else 0."""
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return 0.0
    return _seconds(headers.get("x-ratelimit-reset-in"))


def _seconds(text: str | None) -> float:
    try:
        found = float(text or "")
    except ValueError:
        return 0.0
    return found if math.isfinite(found) and found > 0 else 0.0


def transport(
    service: str, judge: Callable[[int, bytes], Fault | None], interval: float
) -> PoliteTransport:
    """Return the transport for a service, at its pace, with the usual patience."""
    patience = Patience()
    limit = RateLimit(service.lower().replace(".", ""), interval, patience)
    return PoliteTransport(service, judge, limit, patience)
