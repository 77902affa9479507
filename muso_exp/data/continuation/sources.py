"""Where playlists come from: the Million Playlist Dataset, a table, or the simulated world."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from msgspec.structs import asdict

from muso_exp.cache import cache_key, cached_folder
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError, what_is
from muso_exp.features.tracks import FEATURES
from muso_exp.formats.columns import find_columns
from muso_exp.formats.feature_columns import drop_bad_rows, read_features
from muso_exp.formats.feature_table import TABLE
from muso_exp.formats.listening.services.parts import entries
from muso_exp.formats.mpd.dataset import (
    CHALLENGE_SET,
    CHALLENGE_TRUTH,
    FIX,
    SLICES,
    find_challenge,
    find_slices,
    read_challenge_alone,
    read_mpd,
)
from muso_exp.formats.playlist_tables import (
    CHALLENGE,
    TABLES,
    TRUTH,
    PlaylistCollection,
    is_playlist_table,
    join_parts,
    read_playlist_files,
    read_playlist_table,
)
from muso_exp.formats.text import find_file
from muso_exp.formats.track_tables import drop_repeats, read_rows
from muso_exp.opening import PACKED
from muso_exp.options import Count, Options, Seed, UpToOne
from muso_exp.records import Finding
from muso_exp.simulation.checked import simulated_world, small_worlds_refused
from muso_exp.simulation.mpd import write_mpd

GENRES = ("playlist_genre", "playlist_subgenre")  # columns of a table of playlists
LISTS = tuple(kind + end for kind in (".csv", ".tsv", ".json", ".zip") for end in ("", *PACKED))
_VERSION = 1  # raised when other files are written for the same arguments
N_NAMED = 10  # miscounted playlists that are named
_USERS, _GENRES = 50, 12  # of the simulated world; its users make no playlists


class PlaylistsWorld(Options, frozen=True, kw_only=True):
    """A simulated world with playlists.

    Attributes:
        playlists: in the slices.
        challenge: playlists of the challenge.
        artists: how many.
        taste: share of a feature's variance that follows from taste.
        seed: of all draws.
    """

    playlists: Count
    challenge: Count
    artists: Count
    taste: UpToOne
    seed: Seed


def simulated_files(cache: Path, world: PlaylistsWorld) -> Path:
    """Return the folder with the files of the simulated world, written if it is not there.

    Raises:
        ConfigError: no such world can be simulated.
    """

    def write(folder: Path) -> None:
        simulated = simulated_world(
            n_users=_USERS, n_artists=world.artists, n_genres=_GENRES, seed=world.seed
        )
        with small_worlds_refused():
            write_mpd(
                simulated,
                folder,
                n_playlists=world.playlists,
                n_challenge=world.challenge,
                taste=world.taste,
                seed=world.seed,
            )

    return cached_folder(cache, cache_key("mpd_world", _VERSION, asdict(world)), write)


def choose_split(root: Path, split: str) -> str:
    """Return `challenge` or `holdout`: what is asked for, or what the files allow.

    Raises:
        DatasetNotFoundError: no such folder, or neither slices nor a table in it.
        ConfigError: the challenge is asked for, and the playlists are in a table.
    """
    if not what_is(root):
        raise DatasetNotFoundError(root, ["the folder itself"], FIX)
    if find_slices(root):
        whole = all(find_file(root, [name]) for name in (CHALLENGE_SET, CHALLENGE_TRUTH))
        return ("challenge" if whole else "holdout") if split == "auto" else split
    if find_challenge(root):
        if split == "challenge":
            raise ConfigError(
                f"dataset.split.by=challenge: {root} has {CHALLENGE_SET} without slices, and its "
                "truth is secret; set dataset.split.by=holdout to hold out of its own lists"
            )
        return "holdout"
    if root.is_dir() and not any(path.name.endswith(LISTS) for path in entries(root)):
        raise DatasetNotFoundError(root, [SLICES], FIX)
    if split == "challenge":
        raise ConfigError(
            f"dataset.split=challenge: {root} has a table of playlists and no challenge; set "
            "dataset.split=holdout"
        )
    return "holdout"


def read_playlists(root: Path, cache: Path, workers: int, split: str) -> PlaylistCollection:
    """Return the playlists of a folder; `split` as `choose_split` gives it.

    Raises:
        DatasetNotFoundError: a file is missing.
        DataFormatError: a file holds what its format does not allow.
    """
    if find_slices(root):
        return read_mpd(root, cache, workers, split == "challenge")
    if (alone := find_challenge(root)) is not None:
        return read_challenge_alone(alone, cache)
    table = find_file(root, TABLES) if root.is_dir() else root
    if table is not None and is_playlist_table(table):
        return join_parts([read_playlist_table(table)])
    return join_parts([read_playlist_files(root)])


def read_sounds(
    root: Path, given: str | None, ids: pd.Series, left_out: Counter[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what tracks sound like, by the feature table where there is one.

    A table that `python -m muso_exp predict` wrote of sound files (`song`, the name of the file,
    and the estimated features) is a feature table too.

    Args:
        root: folder of the playlists; `track_features.csv` there, or the table of playlists
            itself, is the feature table, unless one is given.
        given: path of another feature table.
        ids: of the tracks, shape (n_tracks,).
        left_out: where given, rows with a feature that is none are left out and counted in it, by
            reason; their tracks are then without features.

    Returns:
        Features (n_tracks, 13), float32, in the order of `FEATURES`, NaN where there is none, and
        the row of each track in the table (n_tracks,), int64, -1 for a track without.

    Raises:
        DatasetNotFoundError: the given table is missing.
        DataFormatError: the table holds what its format does not allow.
    """
    features = np.full((len(ids), len(FEATURES)), np.nan, dtype=np.float32)
    order = np.full(len(ids), -1, dtype=np.int64)
    path = find_file(root, [TABLE, *TABLES]) if given is None else Path(given)
    if path is None:
        return features, order
    rows = read_rows(path)
    names = [name for name in FEATURES if name in rows]
    if not names:
        if given is None and path.name.startswith(TABLES):
            return features, order
        raise DataFormatError(path, f"no column of {', '.join(FEATURES)}", fix="add some")
    if left_out is not None:
        rows, left = drop_bad_rows(rows, names)
        left_out.update(left)
    read = _read_estimates if "song" in rows else read_features
    table = drop_repeats(path, read(path, rows, names), "first")
    place = pd.Index(table["id"]).get_indexer(pd.Index(ids))
    found = place >= 0
    columns = [list(FEATURES).index(name) for name in names]
    values = table[names].to_numpy(dtype=np.float32)
    features[np.ix_(found, columns)] = values[place[found]]
    order[found] = place[found]
    return features, order


def read_genres(root: Path, pids: np.ndarray) -> list[str | None]:
    """Return the genres of playlists, where they come from a table that has some.

    Args:
        root: folder of the playlists, or the table.
        pids: ids of the playlists.

    Returns:
        For each playlist the texts of `playlist_genre` and `playlist_subgenre` of its first row,
        each kept whole; None where there are none.
    """
    table = find_file(root, TABLES) if root.is_dir() else root
    if table is None or find_slices(root) or not is_playlist_table(table):
        return [None] * len(pids)
    rows = read_rows(table)
    header = [str(name) for name in rows]
    given = [name for name in GENRES if name in header]
    roles = find_columns(header, ["playlist_id"])
    first = rows.drop_duplicates(header[roles["playlist_id"]]) if given else rows.iloc[:0]
    texts = {
        str(pid): " ".join(_one_word(cell) for cell in cells if cell)
        for pid, *cells in zip(
            first[header[roles["playlist_id"]]], *(first[name] for name in given), strict=True
        )
    }
    return [texts.get(str(pid)) or None for pid in pids]


def _one_word(genre: str) -> str:
    return re.sub(r"\W+", "_", genre)


def _read_estimates(path: Path, rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return id, line and estimated features; an estimated key or mode is no whole number.

    Raises:
        DataFormatError: a value that is no number, or out of the feature's range.
    """
    table = pd.DataFrame({"id": rows["song"], "line": rows["line"]})
    for name in names:
        values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
        limits = replace(FEATURES[name], whole=False)
        good = limits.contains(values)
        if not good.all():
            bad = int(np.argmin(good))
            line, given = int(rows["line"].iloc[bad]), rows[name].iloc[bad]
            raise DataFormatError(path, f"{limits} is needed", line=line, column=name, value=given)
        table[name] = values
    return table


def file_findings(data: PlaylistCollection, root: Path | None) -> list[Finding]:
    """Return playlists whose numbers disagree, and what of a challenge is there and not used.

    Args:
        data: the playlists that were read.
        root: folder of real files; None for the simulated ones.
    """
    return [*_miscounted(data), *_unused(data, root)]


def _miscounted(data: PlaylistCollection) -> list[Finding]:
    """Return how many playlists state another number of tracks than they list."""
    n = len(data.miscounted)
    if n == 0:
        return []
    named = ", ".join(map(str, data.miscounted[:N_NAMED])) + (" and others" if n > N_NAMED else "")
    text = f"{n} playlists state another num_tracks than they list (pid {named}); the tracks that "
    return [Finding("miscounted_playlists", n, text + "are listed count")]


def _unused(data: PlaylistCollection, root: Path | None) -> list[Finding]:
    """Return what of a challenge is there and not used."""
    asked, truth = (set(data.pids[data.kinds == kind].tolist()) for kind in (CHALLENGE, TRUTH))
    if not asked and root is not None and find_challenge(root) is None:
        names = [name for name in (CHALLENGE_SET, CHALLENGE_TRUTH) if find_file(root, [name])]
        text = f"{' and '.join(names)}: there and not read; tracks are held out of the slices"
        return [Finding("unread_challenge_files", len(names), text)] if names else []
    alone = len(asked ^ truth)
    text = f"{alone} playlists are in only one of {CHALLENGE_SET} and {CHALLENGE_TRUTH}"
    return [Finding("challenge_without_truth", alone, text, "warning")] if alone else []
