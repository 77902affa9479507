"""Secrets are taken out of what is written or shown: in addresses, and from the environment."""

import json
import logging
import os
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from muso_exp.text import visible

HIDDEN = "***"
MIN_LENGTH = 8  # a shorter value would be found in too many words

_NAMES = "KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL"
_SECRET_NAME = re.compile(rf"(^|_)(API|ACCESS)?({_NAMES})S?(_|\d|$)", re.IGNORECASE)
# Of scheme://user:password@host what stands before the last @; a password may hold / and @.
_USERINFO = re.compile(r"(?<=://)(?:[^\s:/@\"<>]*:[^\s\"<>]*|[^\s/?#\"<>]+)@")
_PARAMETER = re.compile(
    rf"([?&;](?:\w*[_-])?(?:{_NAMES}|SIG|SIGNATURE)S?=)[^&;#\s'\"<>]+", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return a text with `***` for the secrets in it.

    These are what stands before the @ of an address, parameters of an address whose names say that
    they are secret, and the values of `secret_values`.
    """
    return _redact(text, secret_values())


def redacted(tree: Any) -> Any:
    """Return a tree of mappings and lists with every text in it redacted, keys too."""
    return _redacted(tree, secret_values())


def _redact(text: str, secrets: list[str]) -> str:
    for value in secrets:
        text = text.replace(value, HIDDEN)
    return _PARAMETER.sub(rf"\1{HIDDEN}", _USERINFO.sub(f"{HIDDEN}@", text))


def _redacted(tree: Any, secrets: list[str]) -> Any:
    if isinstance(tree, str):
        return _redact(tree, secrets)
    if isinstance(tree, Mapping):
        return {_redacted(key, secrets): _redacted(value, secrets) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_redacted(value, secrets) for value in tree]
    return tree


def is_secret_name(name: str) -> bool:
    """Return whether the name of an environment variable says that its value is secret."""
    return _SECRET_NAME.search(name) is not None


def secret_values() -> list[str]:
    """Return the values of environment variables whose names say that they are secret.

    A part of the name is KEY, TOKEN, SECRET, PASSWORD or the like; the value has 8 characters or
    more. As they are, and as they stand in an address or in JSON; the longest first.
    """
    found = set()
    for name, value in os.environ.items():
        if is_secret_name(name) and len(value) >= MIN_LENGTH:
            found |= {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
            found |= {repr(value)[1:-1]}
            found |= {line for line in value.splitlines() if len(line) >= MIN_LENGTH}
    return sorted(found, key=len, reverse=True)


class Formatter(logging.Formatter):
    """A formatter of log lines, tracebacks included: no secrets, no control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return visible(redact(super().format(record)))


class _Redacting:
    """What makes the text of a warning, secrets taken out."""

    def __init__(self, shown: Callable[..., str]) -> None:
        self.shown = shown

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        return redact(self.shown(*args, **kwargs))


def redact_warnings() -> None:
    """Let no warning of a library show a secret; libraries that are imported later may undo it."""
    usual = warnings.formatwarning
    if not isinstance(usual, _Redacting):
        warnings.formatwarning = _Redacting(usual)
