import pytest
from starlette.datastructures import Headers

from muso_exp.app.guard import FILE_POLICY, page_policy, refusal

HOSTS = ("127.0.0.1:8080", "localhost:8080")
OWN = {"host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    "headers",
    [
        OWN,
        {"host": "localhost:8080"},
        OWN | {"origin": "http://127.0.0.1:8080"},
        OWN | {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        OWN | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},  # a link is followed
    ],
)
def test_own_pages_and_typed_addresses_are_answered(headers: dict[str, str]) -> None:
    assert refusal(Headers(headers), HOSTS) == ""


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "another name leads here"),
        ({"host": "evil.test"}, "another name leads here"),
        ({"host": "127.0.0.1:9999"}, "another name leads here"),
        (OWN | {"origin": "http://evil.test"}, "another origin"),
        (OWN | {"origin": "null"}, "another origin"),
        (OWN | {"origin": "http://127.0.0.1:9999"}, "another origin"),
        (OWN | {"origin": "https://127.0.0.1:8080"}, "another origin"),
        (OWN | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, "another site"),
        (OWN | {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, "another site"),
    ],
)
def test_others_are_refused(headers: dict[str, str], reason: str) -> None:
    assert reason in refusal(Headers(headers), HOSTS)


def test_pages_may_load_nothing_from_elsewhere() -> None:
    policy = page_policy(HOSTS)
    assert "default-src 'self'" in policy and "*" not in policy and "https:" not in policy
    assert "script" not in FILE_POLICY and "default-src 'none'" in FILE_POLICY
