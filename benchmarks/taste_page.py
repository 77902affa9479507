"""From a million listens of Spotify's extended history to the finished page: seconds and memory.

    python benchmarks/taste_page.py [N_LISTENS] [N_FILES]

The files are written with the keys that Spotify writes, and read as a user would: a folder.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from muso_exp.evaluation.taste_files import write_taste
from muso_exp.formats.listening.histories import read_history
from muso_exp.tasks.taste.taste import taste

N_SONGS, N_ARTISTS = 60_000, 8_000
EMPTY = dict.fromkeys(
    "episode_name episode_show_name spotify_episode_uri audiobook_title audiobook_uri "
    "audiobook_chapter_uri audiobook_chapter_title offline_timestamp".split()
)
SAME = {
    **{"platform": "ios", "conn_country": "AT", "ip_addr": "0.0.0.0", "reason_start": "trackdone"},
    **{"reason_end": "trackdone", "shuffle": True, "skipped": False, "offline": False},
    "incognito_mode": False,
}


def write_history(folder: Path, n_listens: int, n_files: int, seed: int = 0) -> None:
    """Write plays of 15 years, the songs as often as Zipf's law has it."""
    rng = np.random.default_rng(seed)
    song = np.minimum(rng.zipf(1.3, n_listens) - 1, N_SONGS - 1)
    gap = 15 * 365 * 86_400 // n_listens
    start = np.datetime64("2010-01-01T00:00:00") + np.cumsum(rng.integers(1, 2 * gap, n_listens))
    length = rng.integers(5_000, 400_000, n_listens)
    for number, rows in enumerate(np.array_split(np.arange(n_listens), n_files)):
        plays = [
            {
                **{"ts": f"{start[row]}Z", "ms_played": int(length[row])},
                "master_metadata_track_name": f"Song {song[row]}",
                "master_metadata_album_artist_name": f"Artist {song[row] % N_ARTISTS}",
                "master_metadata_album_album_name": f"Album {song[row] // 10}",
                "spotify_track_uri": f"spotify:track:{song[row]:022d}",
                **EMPTY,
                **SAME,
            }
            for row in rows
        ]
        path = folder / f"Streaming_History_Audio_{number}.json"
        path.write_bytes(msgspec.json.encode(plays))


def main() -> None:
    """Print seconds of each step and the most memory that was held."""
    n_listens = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    n_files = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_history(root, n_listens, n_files)
        size = sum(path.stat().st_size for path in root.iterdir())
        began = time.perf_counter()
        history = read_history(root, one_person=True)
        read = time.perf_counter()
        result = taste(history)
        counted = time.perf_counter()
        write_taste(result, root / "page")
        ended = time.perf_counter()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sys.stdout.write(
        f"{n_listens:,} listens, {n_files} files, {size / 1e6:.0f} MB: read {read - began:.1f} s, "
        f"counted {counted - read:.1f} s, page {ended - counted:.1f} s; "
        f"{ended - began:.1f} s in all, at most {most:.2f} GiB\n{history.summary()}\n"
    )


if __name__ == "__main__":
    main()
