"""The published data sets of play counts, and other tables of plays, read into `Interactions`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from muso_exp.errors import DatasetNotFoundError, what_is
from muso_exp.formats.hetrec import WANTED as HETREC_FILES
from muso_exp.formats.hetrec import read_hetrec
from muso_exp.formats.listening.aggregate import aggregate_log, unended
from muso_exp.formats.listening.csv_headers import SUFFIXES
from muso_exp.formats.listening.csv_tables import read_listening_csv
from muso_exp.formats.listening.emotify import read_emotify
from muso_exp.formats.listening.engines import load_log
from muso_exp.formats.listening.history_plays import read_history_plays
from muso_exp.formats.listening.interactions import Interactions, ItemTags, group_items
from muso_exp.formats.listening.lfm1b import read_lfm1b
from muso_exp.formats.listening.logs import Layout
from muso_exp.formats.listening.msd import Files, ReadOptions, merged, only_top, with_msd
from muso_exp.formats.listening.muso_plays import read_muso_plays
from muso_exp.formats.listening.names import (
    count_circles,
    follow_aliases,
    read_aliases,
    read_loose_names,
    read_unique_tracks,
    unnamed,
)
from muso_exp.formats.muso import WANTED as MUSO_FILES
from muso_exp.formats.text import find_file, find_files, refuse_name
from muso_exp.opening import is_file
from muso_exp.records import Finding

SOUND_TABLE = "manifest.csv"  # of sound files, beside which plays may lie
TRIPLETS = Layout(("user", "song", "plays"), "user", "song", "plays", texts=("user", "song"))
SCROBBLES = Layout(("user", "artist", "plays"), "user", "artist", "plays", delimiter=" ")


@dataclass(frozen=True)
class Source:
    """One published data set, or other tables of plays.

    Attributes:
        wanted: the names that each file may have.
        optional: the same for files that it can do without.
        read: files and options -> interactions.
        fix: what to do where files are missing.
        suffixes: of files that are read whatever they are called.
        whole: whether the source finds its files itself, in the file or folder `root`.
        summed: whether its plays are in a log that an engine sums, DuckDB or Spark.
    """

    wanted: Mapping[str, tuple[str, ...]]
    read: Callable[[Files, ReadOptions], Interactions]
    fix: str
    optional: Mapping[str, tuple[str, ...]]
    suffixes: tuple[str, ...] = ()
    whole: bool = False
    summed: bool = False

    def find(self, root: Path) -> dict[str, Path]:
        """Return the files that are in a folder; a table may be given as the file itself.

        Raises:
            DatasetNotFoundError: no folder, a wanted file is missing, or no file with plays.
        """
        if self.whole:
            if not what_is(root):
                raise DatasetNotFoundError(root, ["the folder itself"], self.fix)
            return {"root": root}
        if self.suffixes and root.name.endswith(self.suffixes) and is_file(root):
            return {root.name: root}
        files = find_files(root, self.wanted, self.fix)
        for name, names in self.optional.items():
            path = find_file(root, names)
            if path is not None:
                files[name] = path
        if self.suffixes:
            found = sorted(path for path in root.glob("[!.]*") if path.name.endswith(self.suffixes))
            files |= {path.name: path for path in found if path.name != SOUND_TABLE}
        for path in files.values():
            refuse_name(path)
        if not files.keys() - {"unique_tracks", "tags"}:
            missing = [names[0] for names in self.optional.values()]
            raise DatasetNotFoundError(root, missing or [f"*{self.suffixes[0]}"], self.fix)
        return files


def read_taste_profile(files: Files, options: ReadOptions) -> Interactions:
    """Read the Taste Profile: (user, song, plays), the test users' songs in two halves."""
    logs = {
        name: aggregate_log(files[name], TRIPLETS, options.cache, spark=options.spark)
        for name in ("train", "visible", "hidden")
        if name in files
    }
    loaded = load_log(logs, options, options.top_items if not options.matched else None)
    hidden = loaded.plays.get("hidden")
    users = np.arange(len(loaded.users))
    shown = [plays for name, plays in loaded.plays.items() if name != "hidden"]
    songs = pd.DataFrame({"song": loaded.items})
    if "unique_tracks" in files:
        known = read_unique_tracks(files["unique_tracks"]).drop_duplicates("song")
        songs = songs.merge(known, on="song", how="left").fillna("")
    else:
        songs = songs.assign(artist="", title="")
    items = pd.DataFrame({"id": songs["song"], "artist": songs["artist"], "title": songs["title"]})
    cut = [unended(files[name], log.ended) for name, log in logs.items()]
    notes = [*loaded.notes, *chain(*cut)]
    plays, stored = sum(shown[1:], shown[0]), loaded.stored
    data = Interactions(plays, users, items, hidden=hidden, notes=notes, stored=stored)
    return with_msd(data, files, options)


def read_hetrec_plays(files: Files, options: ReadOptions) -> Interactions:
    """Read HetRec 2011 Last.fm-2k: the top artists of 1,892 users, with tags."""
    encoding = options.reading.tags_encoding
    tables = read_hetrec(files, encoding, "dataset.reading.tags_encoding")
    n_artists, n_tags = len(tables.artists), len(tables.tags)
    _, artist, tag = tables.taggings.T
    weights = csr_matrix((np.ones(len(tag)), (artist, tag)), shape=(n_artists, n_tags))
    items = pd.DataFrame({"id": np.arange(n_artists), "artist": tables.artists, "title": ""})
    plays = csr_matrix(tables.plays, dtype=np.int64)
    plays.sort_indices()
    tags = ItemTags(weights, tables.tags)
    users = np.arange(len(tables.users))
    notes = unended(files["user_artists"])
    data = Interactions(plays, users, items, tags=tags, taggings=tables.taggings, notes=notes)
    return merged(only_top(data, options), options)


def read_audioscrobbler(files: Files, options: ReadOptions) -> Interactions:
    """Read the Audioscrobbler dump of 2005: artist plays, with a table of misspelt artists."""
    log = aggregate_log(files["plays"], SCROBBLES, options.cache, spark=options.spark)
    loaded = load_log({"plays": log}, options, options.top_items)
    names, bad_names = read_loose_names(files["artists"])
    items = pd.DataFrame(
        {"id": loaded.items, "artist": [names.get(i, "") for i in loaded.items.tolist()]}
    ).assign(title="")
    bad = _bad_lines(bad_names, files["artists"].name, "bad_name_lines")
    notes = [*loaded.notes, *unended(files["plays"], log.ended), *bad]
    n_unnamed = int((items["artist"] == "").sum())
    notes += unnamed(n_unnamed, files["artists"].name)
    users = np.arange(len(loaded.users))
    plays = loaded.plays["plays"]
    data = Interactions(plays, users, items, notes=notes, stored=loaded.stored)
    if not options.merge:
        return data
    aliases, n_bad = read_aliases(files["aliases"])
    right, group = np.unique(follow_aliases(aliases, loaded.items), return_inverse=True)
    text = f"{len(aliases)} aliases in {files['aliases'].name}"
    data = group_items(data, group, "merged_aliases", text)
    data = replace(data, items=data.items.assign(id=right, artist=_renamed(data, right, names)))
    notes = _bad_lines(n_bad, files["aliases"].name, "bad_alias_lines")
    n_circles = count_circles(aliases, loaded.items)
    if n_circles:
        text = f"{n_circles} artists are aliases in a circle, such as 1 -> 2 -> 1, and left alone"
        notes.append(Finding("alias_circles", n_circles, text, "warning"))
    return replace(data, notes=[*data.notes, *notes])


def _renamed(data: Interactions, right: np.ndarray, names: Mapping[int, str]) -> list[str]:
    """Return the name of each right id; where the table lacks it, that of its most played alias."""
    shown = zip(right.tolist(), data.items["artist"], strict=True)
    return [names.get(number, name) for number, name in shown]


def _bad_lines(number: int, file: str, check: str) -> list[Finding]:
    if number == 0:
        return []
    text = f"{number} lines of {file} are no pair of columns and were passed over"
    return [Finding(check, number, text, "warning")]


_MSD = {"unique_tracks": ("unique_tracks.txt",), "tags": ("lastfm_tags.db",)}
SOURCES = {
    "lfm1b": Source(
        {
            "events": ("LFM-1b_LEs.txt",),
            "tracks": ("LFM-1b_tracks.txt",),
            "artists": ("LFM-1b_artists.txt",),
        },
        read_lfm1b,
        "get LFM-1b (JKU Linz) and set dataset.root to its folder, or root=null to simulate it",
        {"users": ("LFM-1b_users.txt",), **_MSD},
        summed=True,
    ),
    "taste_profile": Source(
        {},
        read_taste_profile,
        "get train_triplets.txt of the Million Song Dataset, or root=null to simulate it",
        {
            "train": ("train_triplets.txt", "train_triplets.tsv"),
            "visible": ("visible_triplets.tsv", "year1_test_triplets_visible.txt"),
            "hidden": ("hidden_triplets.tsv", "year1_test_triplets_hidden.txt"),
            **_MSD,
        },
        summed=True,
    ),
    "hetrec": Source(
        HETREC_FILES,
        read_hetrec_plays,
        "get hetrec2011-lastfm-2k from GroupLens, or root=null to simulate it",
        {},
    ),
    "audioscrobbler": Source(
        {
            "plays": ("user_artist_data.txt", "user_artist_data_small.txt"),
            "artists": ("artist_data.txt", "artist_data_small.txt"),
            "aliases": ("artist_alias.txt", "artist_alias_small.txt"),
        },
        read_audioscrobbler,
        "get the Audioscrobbler dump of May 2005 and set dataset.root to its folder",
        {},
        summed=True,
    ),
    "muso": Source(
        {name: MUSO_FILES[name] for name in ("train_listening", "test_listening")},
        read_muso_plays,
        "get the MuSo files and set dataset.root to their folder, or root=null to simulate them",
        {},
    ),
    "emotify": Source(
        {"annotations": ("annotations.csv",)},
        read_emotify,
        "get Emotify's annotations (data.csv) and set dataset.root to their folder",
        {"manifest": ("manifest.csv",)},
    ),
    "table": Source(
        {},
        read_listening_csv,
        "put tables with columns user, artist or track, and plays if counted, into dataset.root",
        {},
        SUFFIXES,
    ),
    "history": Source(
        {},
        read_history_plays,
        "put a file or folder of each person's listening history into dataset.root",
        {},
        whole=True,
    ),
}
