"""A process that dies at any moment: before a request, after it, and around a write."""

import secrets
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx2 as httpx
import pytest
from local_services import ToService


class Killed(BaseException):
    """No code may catch it."""


class Killer:
    """Raises Killed at one of the next moments, until it has done so often enough."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, n_kills: int) -> None:
        self.n_kills, self.n_done, self.random, self.left = n_kills, 0, Random(0), 0
        replace, handle = Path.replace, ToService.handle_request

        def replacing(path: Path, target: Any) -> Path:
            self.moment()
            found = replace(path, target)
            self.moment()
            return found

        def handling(self_: ToService, request: httpx.Request) -> httpx.Response:
            self.moment()
            found = handle(self_, request)
            found.read()
            self.moment()
            return found

        monkeypatch.setattr(Path, "replace", replacing)
        monkeypatch.setattr(ToService, "handle_request", handling)

    def arm(self) -> None:
        self.left = self.random.randint(1, 12)

    def moment(self) -> None:
        self.left -= 1
        if self.left == 0 and self.n_done < self.n_kills:
            self.n_done += 1
            raise Killed


def same_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda n: "ab" * n)


def killed_until_done(
    collect: Callable[[], object], monkeypatch: pytest.MonkeyPatch, n_kills: int
) -> int:
    """Collect again after each kill, until it ends; return how many kills there were."""
    killer = Killer(monkeypatch, n_kills)
    while True:
        killer.arm()
        try:
            collect()
            return killer.n_done
        except Killed:
            continue
