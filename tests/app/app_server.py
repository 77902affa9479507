"""The application as a user starts it: a process of its own, on a port that is free."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from conftest import REPOSITORY

ANY_PORT = 8400


@contextmanager
def served(
    outputs: Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[tuple[httpx.Client, list[str]]]:
    """Start the application; yield a client of it and the lines that it printed till then."""
    command = [sys.executable, "-m", "muso_exp", "app", str(outputs), f"--port={ANY_PORT}"]
    own = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST")}
    with subprocess.Popen(
        [*command, *(options or ("--no-browser",))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
        env={**own, "PYTHONUNBUFFERED": "1", **(env or {})},
    ) as process:
        try:
            lines: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
                    break
            else:
                raise AssertionError(f"it ended: {lines}")
            base = f"http://127.0.0.1:{found[1]}"
            with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
                yield client, lines
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def page(client: httpx.Client, address: str) -> str:
    """Return a page as its server sends it."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text
