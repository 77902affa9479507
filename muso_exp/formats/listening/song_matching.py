"""Matching whole catalogues: reading them, the report, and the thesis' line-aligned files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from muso_exp.csv_cells import guarded
from muso_exp.errors import ConfigError, DatasetNotFoundError
from muso_exp.features.matching import METHODS, Matching, match_songs
from muso_exp.formats.columns import require_columns
from muso_exp.formats.listening.lfm1b import LFM_ARTISTS, LFM_TRACKS
from muso_exp.formats.listening.names import read_names, read_unique_tracks
from muso_exp.formats.listening.sources import SOURCES
from muso_exp.formats.tables import read_table
from muso_exp.formats.text import find_files
from muso_exp.opening import is_file

COLUMNS, ROLES = ("id", "artist", "title"), ("track_id", "artist", "track")


@dataclass(frozen=True)
class MatchedSongs:
    """Two catalogues (`id`, `artist`, `title`), and where each song of one is in the other."""

    queries: pd.DataFrame
    catalogue: pd.DataFrame
    matching: Matching
    methods: Sequence[str]


def read_songs(path: Path) -> pd.DataFrame:
    """Read a catalogue: a list of Million Song Dataset tracks, a folder of LFM-1b, or a CSV.

    Returns:
        Columns `id`, `artist`, `title`, as text.

    Raises:
        DatasetNotFoundError: no such file or folder.
        DataFormatError: a file of another form.
    """
    if path.is_dir():
        return _read_lfm1b(path)
    if not is_file(path):
        fix = "give unique_tracks.txt, LFM-1b, or a CSV"
        raise DatasetNotFoundError(path.parent, [path.name], fix)
    if ".csv" in path.suffixes[-2:]:
        return _read_csv(path)
    tracks = read_unique_tracks(path)
    return pd.DataFrame({"id": tracks["track"], **tracks[["artist", "title"]]})


def _read_lfm1b(folder: Path) -> pd.DataFrame:
    wanted = {name: SOURCES["lfm1b"].wanted[name] for name in ("tracks", "artists")}
    files = find_files(folder, wanted, SOURCES["lfm1b"].fix)
    tracks = read_names(files["tracks"], LFM_TRACKS).reset_index()
    artists = read_names(files["artists"], LFM_ARTISTS)["name"]
    names = artists.reindex(tracks["artist"]).fillna("").to_numpy()
    return pd.DataFrame(
        {"id": tracks["track"].astype(str), "artist": names, "title": tracks["title"]}
    )


def _read_csv(path: Path) -> pd.DataFrame:
    """Return the tracks of a comma-separated table, as text.

    Raises:
        DataFormatError: no table, or no column of ids, artists or titles.
    """
    table = read_table(path, partial(require_columns, path, ROLES)).reset_index(drop=True)
    return table.set_axis(list(COLUMNS), axis=1)


def match_catalogues(
    queries: pd.DataFrame,
    catalogue: pd.DataFrame,
    methods: Sequence[str] | None = None,
    threshold: float = 90.0,
) -> MatchedSongs:
    """Find each query in the catalogue; see `muso_exp.features.matching.match_songs`.

    Raises:
        ConfigError: an unknown method.
    """
    methods = methods or METHODS
    try:
        found = match_songs(_songs(queries), _songs(catalogue), methods, threshold)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return MatchedSongs(queries, catalogue, found, methods)


def _songs(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    return table["artist"].tolist(), table["title"].tolist()


def coverage(matched: MatchedSongs) -> pd.DataFrame:
    """Return how many queries each method found, the share, and the share up to there."""
    n = max(len(matched.queries), 1)
    found = [int((matched.matching.method == METHODS.index(m)).sum()) for m in matched.methods]
    table = pd.DataFrame({"method": list(matched.methods), "songs": found})
    table["share"] = table["songs"] / n
    table["cumulated"] = table["share"].cumsum()
    left = pd.DataFrame(
        {"method": ["none"], "songs": [n - sum(found)], "share": [1 - sum(found) / n]}
    )
    return pd.concat([table, left], ignore_index=True)


def artist_coverage(matched: MatchedSongs) -> pd.DataFrame:
    """Return how many artists, and songs by them, are by an artist of the other catalogue.

    Returns:
        `matched` (artists, songs of these artists), found, of, share; names up to case.

    Source: thesis, section 3.2: "for 95 percent of the tracks in MSD, there are at least some
    tracks in LFM-1b with the same artist".
    """
    artists, others = (
        table["artist"].str.lower() for table in (matched.queries, matched.catalogue)
    )
    named = artists[artists != ""]
    known = named.isin(set(others) - {""})
    distinct = named.drop_duplicates()
    rows = [
        ("artists", int(known[distinct.index].sum()), len(distinct)),
        ("songs by these artists", int(known.sum()), len(artists)),
    ]
    table = pd.DataFrame(rows, columns=["matched", "found", "of"])
    return table.assign(share=table["found"] / table["of"].clip(lower=1))


def spot_check(matched: MatchedSongs, size: int, seed: int) -> pd.DataFrame:
    """Return some matches of each method for a person to look at, drawn by the seed."""
    rng = np.random.default_rng(seed)
    matching, parts = matched.matching, []
    for method in matched.methods:
        rows = np.flatnonzero(matching.method == METHODS.index(method))
        rows = np.sort(rng.choice(rows, min(size, len(rows)), replace=False))
        query = matched.queries.iloc[rows].reset_index(drop=True)
        target = matched.catalogue.iloc[matching.target[rows]].reset_index(drop=True)
        parts.append(
            pd.DataFrame(
                {
                    "method": method,
                    "query": query["artist"] + " - " + query["title"],
                    "match": target["artist"] + " - " + target["title"],
                    "score": matching.score[rows],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def write_matching(matched: MatchedSongs, folder: Path) -> None:
    r"""Write the matches in the thesis' form: files that are aligned line by line.

    `matched_artists_tracks.txt` (artist, tab, title), `query_ids.txt` and `catalogue_ids.txt` have
    a line for each match; `methods.txt` adds how it was found and how alike the titles are. Cells
    are guarded as in a CSV file (`muso_exp.csv_cells`); tabs and line ends in names become
    blanks.

    Source: the matching published with the thesis. Deviation: names of the files, as the two
    catalogues may be any; a line for each matched query, not for each distinct name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.flatnonzero(matched.matching.target >= 0)
    query = matched.queries.iloc[rows]
    target = matched.catalogue.iloc[matched.matching.target[rows]]
    methods = [METHODS[place] for place in matched.matching.method[rows]]
    pairs = zip(_cells(query["artist"]), _cells(query["title"]), strict=True)
    how = [f"{m}\t{s:.1f}" for m, s in zip(methods, matched.matching.score[rows], strict=True)]
    columns = {
        "matched_artists_tracks": ["\t".join(pair) for pair in pairs],
        "query_ids": _cells(query["id"]),
        "catalogue_ids": _cells(target["id"]),
        "methods": how,
    }
    for name, lines in columns.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def _cells(names: pd.Series) -> list[str]:
    return [guarded(" ".join(name.splitlines()).replace("\t", " ")) for name in names]
