"""Read slices of the Million Playlist Dataset: MB/s, peak memory, projection to a million lists.

    PYTHONPATH=. python benchmarks/mpd_read.py [SLICES] [FOLDER]

One slice of a thousand playlists is simulated and copied under further playlist ids. Each reader
runs in a process of its own: the bytes alone, `json.load`, DuckDB's JSON reader, msgspec's decoder
that leaves each playlist undecoded, ours with one and two workers, and ours on all slices put
together into one file. Memory is that of the process (workers' apart), without the pages of mapped
files, which the system takes back as it likes.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from joblib.externals.loky import get_reusable_executor

from muso_exp.formats.mpd.dataset import find_slices, read_mpd
from muso_exp.formats.mpd.file import read_part
from muso_exp.formats.mpd.json_bytes import map_json

PUBLISHED_MB = 33_000  # of a million playlists
MERGED = "all.json"
_PID = re.compile(r'"pid": (\d+)')


def write_slices(folder: Path, n_slices: int) -> None:
    """Write the slices, and all of them as one file."""
    from muso_exp.simulation.mpd import write_mpd  # here, so that readers start small
    from muso_exp.simulation.world import simulate_world

    world = simulate_world(n_users=50, n_artists=3000, n_genres=12)
    write_mpd(world, folder, n_playlists=1000, n_challenge=10, taste=0.35, seed=0)
    text = (folder / "mpd.slice.0-999.json").read_text()
    body = text[text.index("[") + 1 : text.rindex("]")]
    with (folder / MERGED).open("w") as merged:
        merged.write('{"playlists": [')
        for number in range(n_slices):
            first = 1000 * number
            own = _PID.sub(lambda pid, first=first: f'"pid": {int(pid[1]) + first}', body)
            path = folder / f"mpd.slice.{first}-{first + 999}.json"
            path.write_text('{"info": {}, "playlists": [' + own + "]}")
            merged.write(("," if number else "") + own)
        merged.write("]}")


def read_bytes(folder: Path) -> int:
    """Read every slice in blocks of a megabyte."""
    total = 0
    for path in find_slices(folder):
        with path.open("rb") as file:
            while block := file.read(2**20):
                total += len(block)
    return total


def json_load(folder: Path) -> int:
    """Load every slice whole with the standard library."""
    return sum(len(json.loads(path.read_bytes())["playlists"]) for path in find_slices(folder))


def duckdb_json(folder: Path) -> int:
    """Load every slice with DuckDB, on one thread."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute("set memory_limit = '4GB'")
    query = "select sum(len(playlists)) from read_json(?, maximum_object_size = 100000000)"
    found = 0
    for path in find_slices(folder):  # at once, a few dozen need more than that memory
        found += int(connection.execute(query, [str(path)]).fetchall()[0][0])
    return found


class Undecoded(msgspec.Struct):
    """A slice whose playlists are views of its bytes."""

    playlists: list[msgspec.Raw]


def msgspec_raw(folder: Path) -> int:
    """Find the playlists of every slice, without looking into them."""
    decoder = msgspec.json.Decoder(Undecoded)
    return sum(len(decoder.decode(map_json(path)).playlists) for path in find_slices(folder))


def ours(folder: Path, workers: int) -> int:
    """Check every playlist and keep the columns, as a run does."""
    cache = Path(tempfile.mkdtemp(dir=folder))
    data = read_mpd(folder, cache, workers, challenge=False)
    shutil.rmtree(cache)
    get_reusable_executor().shutdown(wait=True)  # its workers' CPU time counts once they ended
    return len(data.pids)


READERS: dict[str, Callable[[Path], int]] = {
    "bytes": read_bytes,
    "json.load": json_load,
    "duckdb": duckdb_json,
    "msgspec, raw": msgspec_raw,
    "ours, 1 worker": lambda folder: ours(folder, 1),
    "ours, 2 workers": lambda folder: ours(folder, 2),
    "ours, one file": lambda folder: len(read_part(folder / MERGED, "slice").playlists),
}


def measure(name: str, folder: Path) -> None:
    """Read once and print; the body of the process that is measured."""
    size = sum(path.stat().st_size for path in find_slices(folder)) / 1e6
    start = resource.getrusage(resource.RUSAGE_SELF)
    before = start.ru_utime + start.ru_stime
    began = time.monotonic()
    found = READERS[name](folder)
    seconds = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime - before + others.ru_utime + others.ru_stime
    sys.stdout.write(
        f"{name:16} {found:>10} read, {size / seconds:6.0f} MB/s, {size / cpu:6.0f} MB per CPU "
        f"second, {PUBLISHED_MB} MB in {PUBLISHED_MB / size * seconds / 60:5.1f} minutes, "
    )


def watch(name: str, folder: Path) -> None:
    """Let a reader run in a process of its own, and print the memory that no file backs."""
    command = [sys.executable, __file__, "--measure", name, str(folder)]
    peak = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, int((status.partition("RssAnon:")[2].split() or ["0"])[0]))
            time.sleep(0.005)
    if process.returncode:
        raise SystemExit(process.returncode)
    sys.stdout.write(f"peak memory {peak / 1024:5.0f} MiB\n")
    sys.stdout.flush()


def main() -> None:
    """Write the slices, then let each reader read them."""
    n_slices = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    if len(find_slices(folder)) != n_slices:
        # In a process of its own too: a child's peak memory begins at its parent's.
        subprocess.run(
            [sys.executable, __file__, "--write", str(n_slices), str(folder)], check=True
        )
    size = sum(path.stat().st_size for path in find_slices(folder)) / 1e6
    sys.stdout.write(f"{n_slices} slices, {size:.0f} MB, {os.cpu_count()} cores\n")
    sys.stdout.flush()
    for name in READERS:
        watch(name, folder)


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--measure":
        measure(sys.argv[2], Path(sys.argv[3]))
    elif len(sys.argv) > 3 and sys.argv[1] == "--write":
        write_slices(Path(sys.argv[3]), int(sys.argv[2]))
    else:
        main()
