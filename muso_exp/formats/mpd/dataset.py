"""Files of the Million Playlist Dataset (MPD): slices, the challenge set, its truth.

A file is decoded where it lies (msgspec), a playlist at a time, and kept as columns in the cache;
a preparation that was interrupted goes on with the next file.
"""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from joblib import Parallel, delayed
from pyarrow.feather import read_table, write_feather

from muso_exp.cache import cache_key, cached_folder
from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.mpd.file import read_part
from muso_exp.formats.playlist_tables import (
    CHALLENGE,
    SLICE,
    TABLES,
    TRUTH,
    PlaylistCollection,
    PlaylistFile,
    join_parts,
)
from muso_exp.formats.text import find_file, refuse_name
from muso_exp.opening import PACKED, file_state

SLICES, CHALLENGE_SET, CHALLENGE_TRUTH = (
    "mpd.slice.*.json",
    "challenge_set.json",
    "challenge_truth.json",
)
FIX = (
    f"{SLICES} of the Million Playlist Dataset (aicrowd.com), in this folder or in data/, are "
    "needed, or a table with playlist_id and track_id"
)
_VERSION = 4  # raised when other columns are kept


def find_slices(root: Path) -> list[Path]:
    """Return the slices in a folder or its `data/`, by their first playlist; or the one given."""
    if root.is_file():
        return [root] if root.match(SLICES + "*") else []
    for folder in (root, root / "data"):
        found = [path for end in ("", *PACKED) for path in folder.glob(SLICES + end)]
        for path in found:
            refuse_name(path)
        if found:
            return sorted(found, key=lambda path: (len(path.name), path.name))
    return []


def read_mpd(root: Path, cache: Path, workers: int, challenge: bool) -> PlaylistCollection:
    """Return the playlists of all slices, and where asked for those of the challenge.

    Args:
        root: folder of the files.
        cache: folder for the columns of each file.
        workers: processes that read files.
        challenge: whether to read the challenge set and its truth too.

    Raises:
        DatasetNotFoundError: no slices, or no challenge set with its truth where asked for.
        DataFormatError: a file holds what its format does not allow, or two the same playlist.
    """
    kinds = dict.fromkeys(find_slices(root), SLICE)
    if not kinds:
        raise DatasetNotFoundError(root, [SLICES], FIX)
    if challenge:
        for name, kind in ((CHALLENGE_SET, CHALLENGE), (CHALLENGE_TRUTH, TRUTH)):
            path = find_file(root, [name])
            if path is None:
                fix = "its truth is secret; set dataset.split=holdout to hold out from the slices"
                raise DatasetNotFoundError(root, [name], fix)
            kinds[path] = kind
    jobs = [delayed(_prepared)(path, kind, cache) for path, kind in kinds.items()]
    done = Parallel(n_jobs=min(workers, len(jobs)))(jobs)
    for (path, kind), ready in zip(kinds.items(), done, strict=True):
        if not ready:
            prepare(path, kind, cache)  # fails again, here, where the error can be raised
    return join_parts(_load(path, kind, cache) for path, kind in kinds.items())


def find_challenge(root: Path) -> Path | None:
    """Return a challenge set, where no slices and no table are beside it, or the one given."""
    if root.is_file():
        return root if root.match(CHALLENGE_SET + "*") else None
    return (
        None if find_slices(root) or find_file(root, TABLES) else find_file(root, [CHALLENGE_SET])
    )


def read_challenge_alone(path: Path, cache: Path) -> PlaylistCollection:
    """Return the playlists of a challenge set as lists of their own: what is known of each.

    Raises:
        DataFormatError: the file holds what its format does not allow.
    """
    prepare(path, CHALLENGE, cache)
    return join_parts([replace(_load(path, CHALLENGE, cache), kind=SLICE)])


def _prepared(path: Path, kind: str, cache: Path) -> bool:
    """Prepare a file; errors do not travel between processes, so return whether there was none."""
    try:
        prepare(path, kind, cache)
    except DataFormatError:
        return False
    return True


def prepare(path: Path, kind: str, cache: Path) -> Path:
    """Return the cache folder with the columns of a file, made if it is not there yet.

    Raises:
        DataFormatError: the file holds what its format does not allow.
    """
    return cached_folder(cache, _key(path, kind), lambda folder: _write(path, kind, folder))


def _key(path: Path, kind: str) -> str:
    state = file_state(path)
    params = {"name": path.name, "size": state.st_size, "time": state.st_mtime_ns, "kind": kind}
    return cache_key("mpd_columns", _VERSION, params)


def _write(path: Path, kind: str, folder: Path) -> None:
    part = read_part(path, kind)
    entries = pa.table({"track": part.entries})
    tables = {"playlists": part.playlists, "entries": entries, "tracks": part.tracks}
    for name, table in tables.items():
        write_feather(table, folder / f"{name}.arrow", compression="lz4")


def _load(path: Path, kind: str, cache: Path) -> PlaylistFile:
    folder = prepare(path, kind, cache)
    names = ("playlists", "entries", "tracks")
    playlists, entries, tracks = (read_table(folder / f"{name}.arrow") for name in names)
    return PlaylistFile(path, kind, playlists, entries["track"].to_numpy(), tracks)
