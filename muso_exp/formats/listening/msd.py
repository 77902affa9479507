"""What every source has in common: equal songs, the Million Song Dataset, the popular items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.features.interactions import item_plays
from muso_exp.features.matching import match_songs, song_groups
from muso_exp.formats.listening.histories import MIN_SECONDS
from muso_exp.formats.listening.interactions import Interactions, ItemTags, group_items
from muso_exp.formats.listening.names import read_track_tags, read_unique_tracks
from muso_exp.options import Inert, NotNegative, Options
from muso_exp.records import Finding
from muso_exp.spark import LOCAL

Files = Mapping[str, Path]
_MOST_COMPARED = 1_000_000  # items whose names are compared for a note alone
ARBITRARY_SEED = 0  # of the draw among items of one name


ONE_PERSON = (
    "what one person plays is shown by: python -m muso_exp taste FILES; and what a finished run "
    "recommends to them by: predict RUN FILES"
)


class SourceOptions(Options, frozen=True, kw_only=True):
    """What the files of one source or another leave open.

    Attributes:
        items: of sources muso, table and history: artist, album or track.
        min_seconds: of source history, plays of which fewer are known are left out.
        same_name: of source lfm1b, the item that a track of the Million Song Dataset is, of several
            of its artist and title: `most_played`, or `arbitrary`, drawn once, as in the thesis.
        tags_encoding: of HetRec's tags.dat.
        matrix: where the plays are while a run lasts: in memory, or in files of the cache that are
            mapped into it, which the system reads as they are needed.
        engine: what sums, filters, matches and splits a log: duckdb and numba on this machine, or
            Apache Spark; the result is the same.
        spark_master: address of Spark, see `muso_exp.spark.spark_session`; unread with duckdb.
    """

    items: Literal["artist", "album", "track"] = "track"
    min_seconds: NotNegative = MIN_SECONDS
    same_name: Literal["most_played", "arbitrary"] = "most_played"
    tags_encoding: str = "iso-8859-1"
    matrix: Inert[Literal["memory", "disk"]] = "memory"
    engine: Inert[Literal["duckdb", "spark"]] = "duckdb"
    spark_master: Inert[str] = LOCAL


@dataclass(frozen=True)
class ReadOptions:
    """How to read a source.

    Attributes:
        cache: folder for prepared files.
        merge: merge items that are the same: equal artist and title up to case, or an alias.
        top_items: keep so many items, the most played; None for all.
        matched: keep the items that are in the Million Song Dataset (besides `top_items`).
        earlier_share: share of the events before the cut in time; None for no cut.
        bad_rows: of tables, `refuse` or `drop` rows without a name or with 0 plays.
        reading: what its own files leave open.
        filtered: whether the plays may stay where a cluster filters them, see
            `muso_exp.formats.listening.spark_pairs`.
    """

    cache: Path
    merge: bool = False
    top_items: int | None = None
    matched: bool = False
    earlier_share: float | None = None
    bad_rows: str = "refuse"
    reading: SourceOptions = field(default_factory=SourceOptions)
    filtered: bool = False

    @property
    def spark(self) -> str:
        """Return the address of Spark, where it sums the logs, else ""."""
        return self.reading.spark_master if self.reading.engine == "spark" else ""

    @property
    def pushed_down(self) -> bool:
        """Return whether the plays of a log stay where a cluster filters them.

        Names are merged on this machine, which needs the plays.
        """
        return bool(self.spark) and self.filtered and not self.merge


def with_msd(data: Interactions, files: Files, options: ReadOptions) -> Interactions:
    """Merge equal songs, match to the Million Song Dataset, attach its tags, filter the items.

    Without unique_tracks.txt nothing is matched.
    """
    data = merged(data, options)
    if "unique_tracks" not in files:
        return only_top(data, options)
    tracks = read_unique_tracks(files["unique_tracks"])
    item = _match_tracks(data, tracks, options.reading.same_name)  # (n_tracks,), -1 for none
    matched = matched_items(item, len(data.items))
    data = attach_tracks(data, files, tracks, item, [note_matched(item, len(data.items))])
    return only_top(data, options, matched if options.matched else None)


def matched_items(item_of_track: np.ndarray, n_items: int) -> np.ndarray:
    """Return which items are tracks of the Million Song Dataset, shape (n_items,), bool."""
    matched = np.zeros(n_items, dtype=bool)
    matched[item_of_track[item_of_track >= 0]] = True
    return matched


def note_matched(item_of_track: np.ndarray, n_items: int) -> Finding:
    """Return how many tracks are items, and how many items are tracks."""
    n_matched = int(matched_items(item_of_track, n_items).sum())
    text = (
        f"{int((item_of_track >= 0).sum())} of {len(item_of_track)} tracks of the Million Song "
        f"Dataset are among the items, {n_matched} of {n_items} items are in it"
    )
    return Finding("matched_items", n_matched, text)


def attach_tracks(
    data: Interactions,
    files: Files,
    tracks: pd.DataFrame,
    item_of_track: np.ndarray,
    notes: Sequence[Finding],
) -> Interactions:
    """Return the items with the ids and tags of their tracks of the Million Song Dataset."""
    named = _with_tracks(data.items, tracks, item_of_track)
    data = replace(data, items=named, notes=[*data.notes, *notes])
    if "tags" in files:
        tags = _item_tags(files["tags"], tracks, item_of_track, len(named))
        data = replace(data, tags=tags)
    return data


def _with_tracks(items: pd.DataFrame, tracks: pd.DataFrame, item: np.ndarray) -> pd.DataFrame:
    """Return the items with `msd`: ids of their tracks and songs, separated by spaces.

    Args:
        items: a row per item.
        tracks: of the Million Song Dataset: `track` and `song`.
        item: number of the item of each track, -1 for none, shape (n_tracks,).
    """
    known = np.flatnonzero(item >= 0)
    both = tracks["track"].iloc[known] + " " + tracks["song"].iloc[known]
    joined = both.groupby(item[known]).agg(" ".join)
    return items.assign(msd=joined.reindex(np.arange(len(items))).fillna("").to_numpy())


def _match_tracks(data: Interactions, tracks: pd.DataFrame, same_name: str) -> np.ndarray:
    """Return the item of each track: by song id where items have one, or else by name.

    Args:
        data: what was read.
        tracks: of the Million Song Dataset.
        same_name: see `ReadOptions`.
    """
    ids = data.items["id"]
    if len(ids) and isinstance(ids.iloc[0], str):
        place = pd.Series(np.arange(len(ids)), index=ids)
        return place.reindex(tracks["song"]).fillna(-1).to_numpy(dtype=np.int64)
    order = preferred(item_plays(data.plays), same_name)
    items = data.items.iloc[order]
    catalogue = items["artist"].tolist(), items["title"].tolist()
    queries = tracks["artist"].tolist(), tracks["title"].tolist()
    found = match_songs(queries, catalogue, ["case"]).target
    return np.where(found >= 0, order[found], -1)


def preferred(plays: np.ndarray, same_name: str) -> np.ndarray:
    """Return the numbers of the items, of several of one name the one that is taken first.

    Args:
        plays: of each item, shape (n_items,).
        same_name: see `SourceOptions`.
    """
    if same_name == "arbitrary":
        return np.random.default_rng(ARBITRARY_SEED).permutation(len(plays))
    return np.argsort(-plays, kind="stable")


def _item_tags(path: Path, tracks: pd.DataFrame, item: np.ndarray, n_items: int) -> ItemTags:
    """Carry the tags of tracks over to their items; several tracks of an item add up."""
    tags = read_track_tags(path)
    of_track = pd.Series(item, index=tracks["track"]).reindex(tags.tracks).fillna(-1)
    rows = of_track.to_numpy(dtype=np.int64)
    known = np.flatnonzero(rows >= 0)
    carry = csr_matrix((np.ones(len(known)), (rows[known], known)), (n_items, len(rows)))
    return ItemTags((carry @ tags.weights).tocsr(), tags.tags)


def merged(data: Interactions, options: ReadOptions, method: str = "case") -> Interactions:
    """Merge items of equal artist and title, where the options say so; else note how many are.

    The note is on one's own names alone, as several people and services write them, not `case`.

    Args:
        data: what was read.
        options: with `merge`.
        method: of `muso_exp.features.matching.song_key`; `case` as the thesis, for published data.
    """
    if not options.merge and (method == "case" or len(data.items) > _MOST_COMPARED):
        return data
    titles = data.items["title"].tolist()
    group = song_groups(data.items["artist"].tolist(), _or_artist(data, titles), method)
    if not options.merge:
        return replace(data, notes=[*data.notes, *_same_names(group)])
    same = "up to case" if method == "case" else "up to case, accents, signs and versions"
    return group_items(data, group, "merged_names", f"equal artist and title {same}")


def _same_names(group: np.ndarray) -> list[Finding]:
    """Return the note on items that have another's name; `group` numbers the names, (n_items,)."""
    n = len(group) - len(np.unique(group))
    text = (
        f"{n} items have the name of another up to case, accents, signs and versions, and count as "
        "items of their own; dataset.merge=true makes one of them"
    )
    return [Finding("items_with_a_name_of_another", n, text, "warning")] if n else []


def _or_artist(data: Interactions, titles: list[str]) -> list[str]:
    """Return the titles; where items are artists, the artists, so that equal names merge."""
    return titles if any(titles) else data.items["artist"].tolist()


def only_top(
    data: Interactions, options: ReadOptions, matched: np.ndarray | None = None
) -> Interactions:
    """Keep the matched items, if there is such a choice, and the most played ones."""
    kept = np.ones(len(data.items), dtype=bool) if matched is None else matched.copy()
    if options.top_items is not None:
        top = np.argsort(-item_plays(data.plays), kind="stable")[: options.top_items]
        kept = np.zeros_like(kept) if matched is None else kept
        kept[top] = True
    if kept.all():
        return data
    return data.select(np.arange(data.plays.shape[0]), np.flatnonzero(kept))
