"""The simulated world in the format of LFM-1b: a log of listening events with time stamps."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from muso_exp.simulation.msd import track_names, write_msd
from muso_exp.simulation.world import World

START, END = 1_356_998_400, 1_372_636_800  # 1 January to 1 July 2013, in seconds since 1970
TWINS = 0.08  # share of the tracks that stand twice, in other case
TO_TWIN = 0.3  # share of the users who play the second entry of such a track
_BLOCK = 2_000_000  # events written at once
_COUNTRIES = ("US", "UK", "DE", "SE", "BR", "JP", "RU", "")


def write_lfm1b(world: World, folder: Path) -> None:
    """Write LFM-1b_LEs, _tracks, _artists, _users (.txt), and the Million Song Dataset's files.

    Tab-separated; only the users' file has a header. A line of the log is one play: user, artist,
    album, track, time. Users stand together, their plays in order of time. Some tracks stand twice
    in the catalogue, in other case. Numbers count from 1.

    Args:
        world: where the plays come from.
        folder: an existing folder.

    Source: Schedl, ICMR 2016, and its readme. Deviation: plays of six months.
    """
    rng = np.random.default_rng([world.seed, 300])
    n_tracks = len(world.catalogue.track_artist)
    twins = np.flatnonzero(rng.random(n_tracks) < TWINS)
    _write_log(folder / "LFM-1b_LEs.txt", world, twins, rng)
    _write_catalogue(folder, world, twins)
    _write_users(folder / "LFM-1b_users.txt", world, rng)
    write_msd(world, folder)


def _write_log(path: Path, world: World, twins: np.ndarray, rng: np.random.Generator) -> None:
    names = ["user", "artist", "album", "track", "time"]
    schema = pa.schema([(name, pa.int64()) for name in names])
    options = csv.WriteOptions(include_header=False, delimiter="\t")
    with csv.CSVWriter(path, schema, write_options=options) as writer:
        for columns in events(world, twins, rng):
            writer.write_table(pa.table(columns, schema=schema))


def events(
    world: World, twins: np.ndarray, rng: np.random.Generator
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the events of some users at a time, as columns: user, artist, album, track, time.

    Args:
        world: where the plays come from.
        twins: numbers of the tracks that stand twice in the catalogue, ascending.
        rng: draws who plays the second entry, and when.
    """
    catalogue = world.catalogue
    second = np.full(len(catalogue.track_artist), -1)  # number of a track's second entry
    second[twins] = len(second) + np.arange(len(twins))
    for first, last in _blocks(world):
        part = world.plays[first:last].tocoo()
        entry = np.where(
            (second[part.col] >= 0) & (rng.random(part.nnz) < TO_TWIN), second[part.col], part.col
        )
        begin = rng.integers(START, END, part.nnz)  # the first time that a user hears a track
        repeat = np.repeat(np.arange(part.nnz), part.data)
        time = begin[repeat] + ((END - begin[repeat]) * rng.random(len(repeat)) ** 2).astype(int)
        time[np.searchsorted(repeat, np.arange(part.nnz))] = begin
        order = np.lexsort([time, part.row[repeat]])
        chosen = repeat[order]
        track = part.col[chosen]
        yield {
            "user": part.row[chosen] + first + 1,
            "artist": catalogue.track_artist[track] + 1,
            "album": catalogue.track_album[track] + 1,
            "track": entry[chosen] + 1,
            "time": time[order],
        }


def _blocks(world: World) -> Iterator[tuple[int, int]]:
    """Yield ranges of users with about `_BLOCK` plays each."""
    total = np.cumsum(np.asarray(world.plays.sum(axis=1)).ravel())
    edges = np.searchsorted(total, np.arange(_BLOCK, total[-1], _BLOCK)) + 1
    bounds = np.unique(np.concatenate([[0], edges, [world.n_users]]))
    yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)


def _write_catalogue(folder: Path, world: World, twins: np.ndarray) -> None:
    artists = world.catalogue.artist_names
    with (folder / "LFM-1b_artists.txt").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{number}\t{name}\n" for number, name in enumerate(artists, start=1))
    n_tracks = len(world.catalogue.track_artist)
    with (folder / "LFM-1b_tracks.txt").open("w", encoding="utf-8", newline="\n") as file:
        for place, track in enumerate([*range(n_tracks), *twins.tolist()], start=1):
            title = track_names(world, track)[1]
            title = title if place <= n_tracks else title.upper()
            file.write(f"{place}\t{title}\t{world.catalogue.track_artist[track] + 1}\n")


def _write_users(path: Path, world: World, rng: np.random.Generator) -> None:
    total = np.asarray(world.plays.sum(axis=1)).ravel()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("user_id\tcountry\tage\tgender\tplaycount\tregistered_unixtime\n")
        for number, plays in enumerate(total.tolist(), start=1):
            country = _COUNTRIES[int(rng.integers(len(_COUNTRIES)))]
            age, gender = int(rng.integers(15, 60)), "mfn"[int(rng.integers(3))]
            joined = int(rng.integers(START - 10**8, START))
            file.write(f"{number}\t{country}\t{age}\t{gender}\t{plays}\t{joined}\n")
