"""What was collected from a service: a page for each answer, names replaced, a user forgotten."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from muso_exp.cache import write_whole
from muso_exp.collectors.files import write_json, write_text
from muso_exp.errors import ConfigError, DataFormatError

PRIVATE = ".private"  # pages, secret and names; readers of data leave hidden folders out


class Collection:
    """A folder with the pages that a service has answered so far.

    Under `.private` lie a secret, the names of the users, and a page for each answer, in which a
    user is a pseudonym: a hash of the name, keyed by the secret. What is written beside holds
    pseudonyms alone, or no users at all.

    Args:
        folder: of a collection that was begun.

    Raises:
        ConfigError: the folder is no collection.
        DataFormatError: a file in it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        if not is_collection(folder):
            raise ConfigError(f"--out {folder}: no collection is there")
        self.folder, self.private = folder, folder / PRIVATE
        self.pages = self.private / "pages"
        self._secret = (self.private / "secret").read_text(encoding="utf-8").encode()
        self.settings: dict[str, Any] = _read(self.private / "settings.json", {})
        self._names: dict[str, str] = _read(self.private / "names.json", {})
        self.forgotten: set[str] = set(_read(self.private / "forgotten.json", []))

    @classmethod
    def begin(cls, folder: Path, settings: Mapping[str, Any]) -> None:
        """Make a secret and keep the settings, all or nothing.

        Raises:
            ConfigError: something else is in the folder.
        """
        folder.mkdir(exist_ok=True)
        if any(not path.name.startswith(PRIVATE) for path in folder.iterdir()):
            raise ConfigError(
                f"--out {folder}: is there already, and no collection; name a new folder"
            )

        def write(private: Path) -> None:
            private.chmod(0o700)
            (private / "pages").mkdir()
            write_text(private / "secret", secrets.token_hex(32))
            write_json(private / "settings.json", dict(settings))

        write_whole(folder / PRIVATE, write)

    def require(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError where the collection was begun with other settings."""
        for name, value in settings.items():
            if (kept := self.settings.get(name)) != value:
                need = f"was begun with {name}={kept}, not {value}"
                raise ConfigError(f"--out {self.folder}: {need}; give the same, or a new folder")

    def start(self, names: list[str]) -> list[str]:
        """Return the pseudonyms of the users that the collection starts at; keep them.

        Raises:
            ConfigError: it started at others, or all of these were forgotten.
        """
        roots = self.met(names)
        if not roots:
            raise ConfigError(
                f"--out {self.folder}: {', '.join(names)} was forgotten here; name others, and a "
                "new folder"
            )
        path = self.private / "roots.json"
        if not path.exists():
            write_json(path, roots)
        kept = [root for root in _read(path, []) if root not in self.forgotten]
        if kept != roots:
            raise ConfigError(
                f"--out {self.folder}: was begun at other users; give the same, or a new folder"
            )
        return roots

    def pseudonym(self, name: str) -> str:
        """Return what stands for a user; the same for a name in other case."""
        digest = hmac.new(self._secret, name.casefold().encode(), hashlib.sha256).hexdigest()
        return f"u{digest[:16]}"

    def name(self, pseudonym: str) -> str:
        """Return the name of a user that was met."""
        return self._names[pseudonym]

    def met(self, names: list[str]) -> list[str]:
        """Return the pseudonyms of users, without those who are forgotten; keep their names."""
        users = {self.pseudonym(name): name for name in names}
        kept = {user: name for user, name in users.items() if user not in self.forgotten}
        new = {user: name for user, name in kept.items() if user not in self._names}
        if new:
            self._names |= new
            write_json(self.private / "names.json", self._names)
        return list(kept)

    def page(self, owner: str, kind: str, ask: Callable[[], Any]) -> Any:
        """Return the answer to a question: the one that was kept, or a new one, which is kept.

        Args:
            owner: the pseudonym of the user it is about, or another name.
            kind: of the question.
            ask: asks the service; what it returns is written as JSON.
        """
        path = self.pages / owner / f"{kind}.json"
        if not path.exists():
            content = ask()
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_json(path, content)
        return _read(path, None)

    def forget(self, name: str) -> str:
        """Remove all that is known of a user, who is never asked for again here.

        What was written beside is left to the caller. A forgotten user is noted first: who is
        stopped in between and forgets again ends the same.

        Returns:
            The pseudonym.
        """
        user = self.pseudonym(name)
        self.forgotten.add(user)
        write_json(self.private / "forgotten.json", sorted(self.forgotten))
        shutil.rmtree(self.pages / user, ignore_errors=True)
        shutil.rmtree(self.private / "answers", ignore_errors=True)
        for path in self.pages.glob("*/*.json"):
            content = _read(path, None)
            if isinstance(content, list) and user in content:
                write_json(path, [other for other in content if other != user])
        if self._names.pop(user, None) is not None:
            write_json(self.private / "names.json", self._names)
        return user


def is_collection(folder: Path) -> bool:
    """Return whether a folder was begun by `Collection`."""
    return (folder / PRIVATE / "settings.json").is_file()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands out of a collection.

    Raises:
        ConfigError: another command has it, or it cannot be written.
    """
    lock = folder.parent / f".{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        if not lock.exists():  # filelock takes a folder that is closed to it for a lock
            raise ConfigError(f"--out {folder}: {folder.parent} cannot be written") from error
        raise ConfigError(
            f"--out {folder}: another command collects into it; wait for it"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--out {folder}: cannot be written: {reason}") from error


def _read(path: Path, absent: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return absent
    except ValueError as error:
        raise DataFormatError(
            path, "damaged", fix="remove this file; it is asked for anew"
        ) from error
