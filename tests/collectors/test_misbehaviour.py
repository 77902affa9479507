"""Each way not to answer ends in another try that is answered, or in one line without the key."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_services import (
    BOMB,
    HIDES,
    KEY,
    NOW,
    RING,
    Misbehaviour,
    Service,
    Slept,
    ask_lastfm,
    ask_listenbrainz,
    dropped,
    half,
    quick,
    raw,
    refusal,
    running,
    silent,
    slow,
    status,
)

from muso_exp.collectors.polite import AGAIN
from muso_exp.errors import SourceError


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("LASTFM_API_KEY", KEY)
    with running() as found:
        yield found


PASSING: dict[str, Misbehaviour] = {
    "429": status(429),
    "429 with Retry-After": status(429, Retry_After="7"),
    "500": status(500),
    "503": status(503),
    "HTML": status(200, "<!DOCTYPE html><html><body>maintenance"),
    "empty": raw(b""),
    "half": half,
    "bad UTF-8": raw(b'{"followers": ["\xff\xfe"]}'),
    "slow": slow,
    "no answer": silent,
    "dropped": dropped,
    "entity bomb": raw(BOMB.encode()),
    "deep": raw(b'{"a":' + b"[" * 100_000),
    "no object": raw(b"[1]"),
}
LATER = {f"code {code}": status(at, refusal(code, "later")) for code, at in
         [(8, 500), (11, 503), (16, 200), (29, 429)]}  # fmt: skip
CODES = {**PASSING, **LATER, "half XML": raw(b'<lfm status="ok"><friends totalPages="1"><us')}
FINAL = {
    "401": (status(401), r"access is refused \(HTTP 401\)"),
    "403": (status(403), r"access is refused \(HTTP 403\)"),
    "redirect": (status(302, "", Location="http://127.0.0.1:9/"), "it redirects to another addr"),
}
REFUSED = {
    "404": (status(404), "HTTP 404"),
    "code 10": (status(403, refusal(10, f"Invalid API key {KEY}")), r"Invalid API key \*\*\*"),
    "code 26": (status(403, refusal(26, "Suspended API key")), "Suspended API key"),
}


@pytest.mark.parametrize("name", CODES)
def test_lastfm_is_asked_again_and_answers(name: str, service: Service, tmp_path: Path) -> None:
    service.script = [CODES[name]]
    assert ask_lastfm(service, tmp_path / "new").friends(RING[0]) == service.friends[RING[0]]
    assert service.asked.total() == 2


@pytest.mark.parametrize("name", PASSING)
def test_listenbrainz_is_asked_again_and_answers(
    name: str, service: Service, tmp_path: Path
) -> None:
    service.script = [PASSING[name]]
    source = ask_listenbrainz(service, tmp_path / "new")
    assert source.follows(RING[0], "following") == service.friends[RING[0]][2:]
    assert service.asked.total() == 2


@pytest.mark.parametrize("name", CODES)
def test_what_lastfm_never_answers_is_one_line(
    name: str, service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.script = [CODES[name]] * 3
    with pytest.raises(SourceError, match=rf"Last.fm, friends of {RING[0]}: .*; {AGAIN}") as caught:
        ask_lastfm(service, tmp_path / "new").friends(RING[0])
    assert service.asked.total() == 3
    assert "\n" not in str(caught.value) and caught.value.__cause__ is None
    assert KEY not in str(caught.value) + caplog.text
    assert not any((tmp_path / "new" / ".private" / "pages").iterdir())


@pytest.mark.parametrize("name", PASSING)
def test_what_listenbrainz_never_answers_is_one_line(
    name: str, service: Service, tmp_path: Path
) -> None:
    service.script = [PASSING[name]] * 3
    with pytest.raises(SourceError, match=r"ListenBrainz, listens of listener-0: .*goes on from"):
        ask_listenbrainz(service, tmp_path / "new").listens(RING[0], NOW)
    assert service.asked.total() == 3


@pytest.mark.parametrize("name", [*FINAL, *REFUSED])
def test_what_lastfm_refuses_is_asked_once(name: str, service: Service, tmp_path: Path) -> None:
    misbehaviour, message = {**FINAL, **REFUSED}[name]
    service.script = [misbehaviour]
    with pytest.raises(SourceError, match=rf"Last.fm, friends of {RING[0]}: .*{message}") as caught:
        ask_lastfm(service, tmp_path / "new").friends(RING[0])
    assert service.asked.total() == 1 and KEY not in str(caught.value)


@pytest.mark.parametrize("name", FINAL)
def test_what_listenbrainz_refuses_is_asked_once(
    name: str, service: Service, tmp_path: Path
) -> None:
    service.script = [FINAL[name][0]]
    with pytest.raises(SourceError, match=FINAL[name][1]):
        ask_listenbrainz(service, tmp_path / "new").listens(RING[0], NOW)
    assert service.asked.total() == 1


def test_a_user_who_is_not_there_or_hides_has_no_friends_and_is_asked_once(
    service: Service, tmp_path: Path
) -> None:
    source = ask_lastfm(service, tmp_path / "new")
    for _ in range(2):
        assert source.friends(HIDES) == source.friends("listener-gone") == []
    assert source.listening("listener-gone")["top_artists"] == {}
    assert service.asked.total() == 2 + 3
    assert ask_listenbrainz(service, tmp_path / "new").follows("listener-gone", "following") is None


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "1.5"}, 2),  # the own wait is longer
        ({"Retry_After": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30),
        ({"Retry_After": "soon"}, 2),
        ({"X_RateLimit_Reset_In": "12"}, 12),
        ({"X_RateLimit_Reset_In": "nan"}, 2),
        ({}, 2),
    ],
)
def test_the_pause_is_what_the_service_asks_for(
    headers: dict[str, str], waited: float, service: Service, tmp_path: Path
) -> None:
    slept = Slept()
    service.script = [status(429, **headers)]
    ask_listenbrainz(service, tmp_path / "new", quick(slept)).listens(RING[0], NOW)
    assert slept == [waited]


def test_a_pause_of_hours_ends_in_one_line(service: Service, tmp_path: Path) -> None:
    service.script = [status(429, Retry_After="7200")]
    with pytest.raises(
        SourceError, match=r"HTTP 429, and it asks to wait 7200 s; the same command goes on"
    ):
        ask_listenbrainz(service, tmp_path / "new").listens(RING[0], NOW)
    assert service.asked.total() == 1


def test_where_no_request_is_left_the_next_one_waits(service: Service, tmp_path: Path) -> None:
    slept = Slept()
    left = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset_In": "9"}
    service.script = [status(200, '{"following": []}', **left)]
    source = ask_listenbrainz(service, tmp_path / "new", quick(slept))
    source.follows(RING[0], "following")
    assert slept == []
    source.follows(RING[0], "followers")
    assert slept == [9]


def test_an_answer_that_is_too_large_is_none(service: Service, tmp_path: Path) -> None:
    from dataclasses import replace

    service.script = [raw(b'{"following": ["' + b"a" * 10_000 + b'"]}')] * 3
    source = ask_listenbrainz(service, tmp_path / "new", replace(quick(), most_bytes=5000))
    with pytest.raises(SourceError, match="an answer of more than 5000 bytes"):
        source.follows(RING[0], "following")


@pytest.mark.parametrize(
    "text",
    ["{}", '{"payload": []}', '{"payload": {"listens": 1}}'],
)
def test_json_of_another_form_is_one_line(text: str, service: Service, tmp_path: Path) -> None:
    service.script = [status(200, text)]
    with pytest.raises(SourceError, match="listens of listener-0: an answer of another form than"):
        ask_listenbrainz(service, tmp_path / "new").listens(RING[0], NOW)


@pytest.mark.parametrize(
    "inner",
    ["<friends><user><name>x</name></user></friends>", "<friends totalPages='x'><user/></friends>"],
)
def test_xml_of_another_form_is_one_line(inner: str, service: Service, tmp_path: Path) -> None:
    service.script = [status(200, f'<lfm status="ok">{inner}</lfm>')]
    with pytest.raises(SourceError, match=r"Last.fm, friends of listener-0: .+"):
        ask_lastfm(service, tmp_path / "new").friends(RING[0])


def test_friends_that_move_between_pages_and_totals_that_shrink_are_met_once(
    service: Service, tmp_path: Path
) -> None:
    service.per_page = 2
    users = "".join(f"<user><name>{name}</name></user>" for name in RING[1:3])
    first = f'<lfm status="ok"><friends totalPages="9">{users}</friends></lfm>'
    service.script = [status(200, first)]
    service.friends[RING[0]] = [RING[5], *RING[1:4]]  # one more at the front: page 2 is 2, 3
    found = ask_lastfm(service, tmp_path / "new").friends(RING[0])
    assert found == RING[1:4]
    assert service.asked.total() == 2
