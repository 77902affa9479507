"""With real processes: thirty SIGKILLs, the same files, each request repeated once at most."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from conftest import REPOSITORY
from local_services import Service, running

SCRIPT = """
import sys
from pathlib import Path
from types import SimpleNamespace
from local_services import NOW, RING, ask_listenbrainz, begun
from muso_exp.collectors import listenbrainz
service, folder = SimpleNamespace(address=sys.argv[1]), Path(sys.argv[2])
source, collection = ask_listenbrainz(service, folder), begun(folder)
crawl = listenbrainz.Crawl(30, NOW - 1000, NOW)
users = listenbrainz.collect(source, collection, collection.start([RING[0]]), crawl)
listenbrainz.write(source, collection, users, crawl, True)
"""


def start(service: Service, folder: Path) -> subprocess.Popen:
    paths = [str(REPOSITORY), str(REPOSITORY / "tests" / "collectors")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", SCRIPT, service.address, str(folder)]
    return subprocess.Popen(command, env=environment)


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_a_process_killed_thirty_times_ends_with_the_same_files(tmp_path: Path) -> None:
    with running() as service:
        assert start(service, tmp_path / "whole").wait() == 0
        whole = service.asked.total()
        service.asked.clear()
        random, n_kills = Random(0), 0
        while n_kills < 30:
            process = start(service, tmp_path / "killed")
            until = service.asked.total() + random.randint(1, 4)
            while service.asked.total() < until and process.poll() is None:
                time.sleep(0.001)
            assert process.poll() is None
            time.sleep(random.random() * 0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            n_kills += 1
        assert start(service, tmp_path / "killed").wait() == 0
        assert outputs(tmp_path / "killed") == outputs(tmp_path / "whole")
        assert service.asked.total() <= whole + 30 and max(service.asked.values()) <= 31
