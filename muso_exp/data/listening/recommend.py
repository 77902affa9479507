"""Recommending to somebody who was not in training: reading the seeds, and ranking what is left."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.data.base import Predict
from muso_exp.data.listening.own_tables import KNOWN
from muso_exp.data.membership.readers import ALIASES, bare_id, read_rows
from muso_exp.data.opening import is_file
from muso_exp.data.readers import read_text
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.features.matching import METHODS, match_songs, song_key

log = logging.getLogger(__name__)

N_LISTED = 500  # recommended items, as many as the Million Playlist Dataset Challenge asks for
_PLAYS = {*KNOWN["plays"], "play_count"}  # names of a column of play counts
_HEADINGS = set(ALIASES)
_TOLD = 10  # unknown seeds that are named


@dataclass(frozen=True)
class Seeds:
    """The songs or artists that somebody brings.

    Attributes:
        path: of the file.
        rows: id, artist, title (empty where not told) and line, a row per seed.
        plays: of each seed, shape (n_seeds,); None where the file has none.
        title: of the playlist, None without.
    """

    path: Path
    rows: pd.DataFrame
    plays: np.ndarray | None
    title: str | None

    def names(self, which: np.ndarray) -> list[str]:
        """Return what the chosen seeds (n_seeds,), bool, are called in the file."""
        rows = self.rows.loc[which, ["artist", "title", "id"]].itertuples(index=False)
        return [" - ".join(part for part in row[:2] if part) or row[2] for row in rows]


@dataclass(frozen=True)
class Catalogue:
    """The items that a run can recommend.

    Attributes:
        items: id, artist, title (empty where items are artists), a row per item.
        popularity: users or playlists of training with each item, shape (n_items,).
        usual_plays: what a seed without a play count counts as; None where an item is there or
            not, as in a playlist.
    """

    items: pd.DataFrame
    popularity: np.ndarray
    usual_plays: float | None

    @classmethod
    def of(cls, items: pd.DataFrame, plays: csr_matrix, counted: bool) -> "Catalogue":
        """Return the catalogue of the items (columns) of training; `counted`: entries are plays."""
        texts = items[["id", "artist", "title"]].astype(str)
        popularity = np.bincount(plays.indices, minlength=plays.shape[1])
        return cls(texts, popularity, float(np.median(plays.data)) if counted else None)

    def state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` makes the catalogue again."""
        return {
            "items": self.items.to_dict("list"),
            "popularity": torch.from_numpy(self.popularity),
            "usual_plays": self.usual_plays,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Catalogue":
        """Return the catalogue that `state` was made from."""
        items = pd.DataFrame(state["items"], dtype=str)
        return cls(items, np.asarray(state["popularity"]), state["usual_plays"])

    def find(self, seeds: pd.DataFrame) -> np.ndarray:
        """Return the item of each seed, by id, else by artist and title, (n_seeds,), -1 for none.

        Of several items of one name the most popular one is meant.
        """
        found = pd.Index(self.items["id"]).get_indexer_for(seeds["id"]).astype(np.int64)
        left = np.flatnonzero(found < 0)
        if len(left):
            order = np.argsort(-self.popularity, kind="stable")
            matching = match_songs(
                self._names(seeds.iloc[left]), self._names(self.items.iloc[order]), METHODS
            )
            found[left] = np.where(matching.target < 0, -1, order[matching.target])
        return found

    def _names(self, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Return artists and titles; where items are artists, the name as both."""
        if not self.of_artists:
            return rows["artist"].tolist(), rows["title"].tolist()
        names = rows["artist"].where(rows["artist"] != "", rows["title"]).tolist()
        return names, names

    @property
    def of_artists(self) -> bool:
        """Return whether the items are artists."""
        return not self.items["title"].any()

    def without(self, items: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return the items (n,) that are not chosen, each song once, whatever ids it has."""
        both = np.concatenate([chosen, items])
        songs = zip(both, *self._names(self.items.iloc[both]), strict=True)
        keys = [song_key(artist, title, "versions") or str(item) for item, artist, title in songs]
        first = np.sort(np.unique(keys, return_index=True)[1])
        return both[first[first >= len(chosen)]]


def read_seeds(path: Path) -> Seeds:
    """Read a list of ids, addresses or names, one a line, or a table with a header.

    Args:
        path: .txt or .csv, plain or .gz. A table has an id (`track_id`, `uri`, ...), or artist and
            title, as the tables of tracks and playlists have them; and where somebody has them
            `plays` and `playlist_name`. A name in a list is `artist` or `artist - title`.

    Raises:
        DatasetNotFoundError: no such file.
        DataFormatError: no seed, a table without id and names or with tabs, several playlists, or a
            play count that is no number > 0.
    """
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "give a list or table of seeds")
    lines = read_text(path).splitlines()
    listed = [(number, text) for number, line in enumerate(lines, 1) if (text := line.strip())]
    if not listed:
        raise DataFormatError(path, "no seed in the file", fix="write one id or name a line")
    first = listed[0][1]
    headings = {text.strip(' "').lower().replace(" ", "_") for text in first.split(",")}
    if ".json" in path.suffixes or (headings & _HEADINGS and ".txt" not in path.suffixes):
        return _read_table(path)
    if "\t" in first:
        raise DataFormatError(path, "a tab", line=1, value=first, fix="save the table as CSV")
    if "," in first and ".csv" in path.suffixes:
        fix = "name the columns so, or give a list with the suffix .txt"
        raise DataFormatError(path, "no column id, artist or title", line=1, value=first, fix=fix)
    rows = pd.DataFrame(
        [(bare_id(text), *_parted(text), number) for number, text in listed],
        columns=["id", "artist", "title", "line"],
    )
    return Seeds(path, rows, None, None)


def _parted(text: str) -> tuple[str, str]:
    artist, _, title = text.strip('"').partition(" - ")
    return artist, title


def _read_table(path: Path) -> Seeds:
    rows = read_rows(path)
    if "playlist_id" in rows and rows["playlist_id"].nunique() > 1:
        n_playlists = rows["playlist_id"].nunique()
        raise DataFormatError(path, f"{n_playlists} playlists", fix="give one playlist a file")
    title = rows["playlist_name"].iloc[0] if "playlist_name" in rows else None
    counts = [name for name in map(str, rows) if name.strip().lower() in _PLAYS]
    plays = _plays(path, rows, counts[0]) if counts else None
    return Seeds(path, rows[["id", "artist", "title", "line"]], plays, title)


def _plays(path: Path, rows: pd.DataFrame, name: str) -> np.ndarray:
    plays = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
    good = np.isfinite(plays) & (plays > 0)
    if not good.all():
        bad = rows.iloc[int(np.argmin(good))]
        raise DataFormatError(
            path, "a number > 0 is needed", line=int(bad["line"]), column=name, value=bad[name]
        )
    return plays


def recommend(
    seeds: Seeds, catalogue: Catalogue, predict: Predict, extra: Mapping[str, Tensor] | None = None
) -> pd.DataFrame:
    """Rank the items of a catalogue for seeds; tell how many of the seeds are known.

    The seeds are left out, and so is what has the lowest score of all: there stand the items that
    the model knows nothing of. A song that has several ids counts once, see
    `muso_exp.features.matching.song_key`. Of items that tie the more popular one comes first.

    Args:
        seeds: of one listener or playlist.
        catalogue: of the run.
        predict: the trained model.
        extra: what else a batch of the data set holds that a model may read, for one row.

    Returns:
        rank, id, artist, title (where items are songs), score; at most `N_LISTED` rows.

    Raises:
        DataFormatError: no seed is known.
        ConfigError: the model cannot recommend to new people, or puts no item above another.
    """
    items, plays = _known(seeds, catalogue)
    batch = {
        "crow_indices": torch.tensor([0, len(items)]),
        "col_indices": torch.from_numpy(items),
        "values": torch.from_numpy(plays.astype(np.float32)),
    }
    scores = predict({**batch, **(extra or {})})["scores"][0].numpy()
    order = np.lexsort([-catalogue.popularity, -scores])
    order = order[(scores > scores.min())[order]][: 2 * N_LISTED]
    order = catalogue.without(order, items)[:N_LISTED]
    if len(order) == 0:
        hint = "; if it goes by titles, add a column playlist_name" if extra else ""
        raise ConfigError(
            f"{seeds.path}: the model of this run puts no item above another for these seeds{hint}"
        )
    listed = catalogue.items.iloc[order].reset_index(drop=True)
    if catalogue.of_artists:
        listed = listed.drop(columns="title")
    listed.insert(0, "rank", np.arange(1, len(listed) + 1))
    return listed.assign(score=scores[order])


def _known(seeds: Seeds, catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """Return the items that seeds name, ascending, each once, and their plays, summed."""
    found = catalogue.find(seeds.rows)
    unknown = seeds.names(found < 0)
    if len(unknown) == len(found):
        raise DataFormatError(
            seeds.path,
            f"none of the {len(found)} seeds is among the {len(catalogue.items)} items of the run",
            value=unknown[0],
            fix="give ids of its catalogue, or artist" + " and title" * (not catalogue.of_artists),
        )
    told = f"; unknown: {'; '.join(unknown[:_TOLD])}" if unknown else ""
    told += f" and {len(unknown) - _TOLD} more" if len(unknown) > _TOLD else ""
    log.info("%s of %s seeds are in the catalogue%s", len(found) - len(unknown), len(found), told)
    items, place = np.unique(found[found >= 0], return_inverse=True)
    if catalogue.usual_plays is None:
        return items, np.ones(len(items))
    plays = np.full(len(found), catalogue.usual_plays) if seeds.plays is None else seeds.plays
    return items, np.bincount(place, plays[found >= 0])
