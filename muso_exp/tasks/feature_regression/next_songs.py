"""The chain of document 4: sound, estimated features, cluster or neighbourhood, next songs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torchmetrics import MetricCollection

from muso_exp.errors import ConfigError
from muso_exp.features.clusters import kmeans, nearest
from muso_exp.features.tracks import Scaling, fit_scaling
from muso_exp.metrics.next_songs import NextSongDistance, NextSongsKept
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.options import Count, Options, Seed, SomeShare
from muso_exp.records import Batch, Columns, Section
from muso_exp.tasks.base import Answer, ExtraTask
from muso_exp.tasks.clustering.similar_tracks import (
    Pool,
    first_listed,
    mean_distance,
    nearest_listed,
)
from muso_exp.tasks.feature_regression.baselines import part_nulls
from muso_exp.tasks.feature_regression.feature_songs import FeatureSongs
from muso_exp.tasks.new_clips import predict_batches

N_EXAMPLES = 4  # test songs whose next songs are shown


class ChainOptions(Options, frozen=True, kw_only=True):
    """What follows a song whose features are estimated.

    Attributes:
        by: `none`, nothing; `cluster`, the first songs of its k-means cluster; `nearest`, the
            songs nearest to it.
        features: that count; of the data set's.
        scaling: `none` as published, or `standard`: z-scores over the songs of the table.
        n_listed: next songs; published: 10 of a cluster, 5 nearest.
        n_clusters: of k-means; published: 13.
        train_share: of the table that k-means is fitted to; the rest is recommended. Published:
            40,000 of 53,542.
        seed: of the starts, and of which songs are fitted to.
    """

    by: Literal["none", "cluster", "nearest"]
    features: list[str]
    scaling: Literal["none", "standard"]
    n_listed: Count
    n_clusters: Count
    train_share: SomeShare
    seed: Seed


@dataclass(frozen=True)
class NextSongs:
    """Songs that can be recommended, by the features of the song before.

    Attributes:
        options: of the chain.
        scaling: of its features.
        centres: of the clusters, scaled, (k, n_features); none with `by=nearest`.
        rows: of the table of known songs that may be recommended, in its order, (n_songs,).
        known: id, artist, title and features of all known songs.
    """

    options: ChainOptions
    scaling: Scaling
    centres: np.ndarray
    rows: np.ndarray
    known: pd.DataFrame

    @classmethod
    def fit(cls, options: ChainOptions, known: pd.DataFrame, held: np.ndarray) -> NextSongs:
        """Fit clusters and scaling to the known songs but those held out.

        Args:
            options: of the chain.
            known: id, artist, title and features, in the order of the file.
            held: ids of dev and test songs, which are neither fitted to nor recommended.

        Raises:
            ConfigError: a feature that the data set does not estimate, or too few songs.
        """
        unknown = [name for name in options.features if name not in known]
        if unknown or not options.features:
            raise ConfigError(
                f"dataset.chain.features={options.features}: some of dataset.features are needed"
            )
        free = np.flatnonzero(~known["id"].isin(held).to_numpy())
        raw = known[options.features].to_numpy(dtype=np.float64)[free]
        scaling = fit_scaling(raw, options.scaling)
        if options.by == "nearest":
            return cls(options, scaling, np.zeros((0, raw.shape[1])), free, known)
        draw = np.random.default_rng(options.seed).random(len(free))
        fitted = draw < options.train_share
        if fitted.sum() < options.n_clusters or fitted.all():
            raise ConfigError(
                f"dataset.chain.n_clusters={options.n_clusters}: {len(free)} songs are too few to "
                "fit them and leave songs to recommend; take fewer clusters"
            )
        x = scaling.apply(raw)
        found = kmeans(x[fitted], options.n_clusters, seed=options.seed)
        return cls(options, scaling, found.centres, free[~fitted], known)

    def state(self) -> dict[str, Any]:
        """Return what `of_state` reads, as plain values and tensors."""
        return {
            "scaling": self.scaling.state(),
            "centres": torch.from_numpy(self.centres),
            "rows": torch.from_numpy(self.rows),
        }

    @classmethod
    def of_state(
        cls, options: ChainOptions, state: dict[str, Any], known: pd.DataFrame
    ) -> NextSongs:
        """Return what `state` was of, over the same known songs."""
        scaling = Scaling.from_state(state["scaling"])
        return cls(options, scaling, state["centres"].numpy(), state["rows"].numpy(), known)

    def clusters(self, raw: np.ndarray) -> np.ndarray:
        """Return the cluster of songs by features in own units (n, n_features), (n,)."""
        if self.options.by == "nearest":
            return np.zeros(len(raw), dtype=np.int64)
        return nearest(self.scaling.apply(raw), self.centres)[0]

    def listed(self, estimates: pd.DataFrame) -> np.ndarray:
        """Return the next songs of songs with (estimated) features.

        Returns:
            Rows of `known`, shape (n_songs, n_listed); -1 where there are no more.
        """
        own = np.full(len(estimates), "")  # no song of the table
        candidates = self.known.iloc[self.rows]
        queries = self._pool(own, estimates)
        known = self._pool(candidates["id"].to_numpy(dtype=str), candidates)
        way = nearest_listed if self.options.by == "nearest" else first_listed
        found = way(queries, known, self.options.n_listed)
        return np.where(found >= 0, self.rows[found], -1)

    def named(self, listed: np.ndarray) -> list[str]:
        """Return the names of listed songs (n_songs, n_listed), one text for each song."""
        names = [
            " - ".join(part for part in (artist, title) if part) or track
            for track, artist, title in self.known[["id", "artist", "title"]].to_numpy(str).tolist()
        ]
        return ["; ".join(names[row] for row in rows if row >= 0) for rows in listed.tolist()]

    def _pool(self, ids: np.ndarray, songs: pd.DataFrame) -> Pool:
        raw = songs[self.options.features].to_numpy(dtype=np.float64)
        return Pool(ids, self.scaling.apply(raw), self.clusters(raw))


class NextSongTest(ExtraTask):
    """Recommend after each test song by its estimated features; the yardstick is its true ones.

    Args:
        songs: and their split.
        units: a number for the artist of each test song, shape (n_rows, 1).
        chain: which songs follow.
        test: batches of the test songs, in row order; can be iterated again.
    """

    def __init__(
        self, songs: FeatureSongs, units: np.ndarray, chain: NextSongs, test: Iterable[Batch]
    ) -> None:
        self.songs, self.units, self.chain, self.test = songs, units, chain, test
        self.target = songs.targets_of("test")
        self.truth = songs.part("test")[songs.features]
        self.true_lists = chain.listed(self.truth)

    def metrics(self) -> MetricCollection:
        """Return how many of the next songs stay, and how far they are from the true features."""
        metrics = {"next_songs_kept": NextSongsKept(), "next_song_distance": NextSongDistance()}
        return MetricCollection({**metrics}, compute_groups=False)

    def nulls(self) -> dict[str, Columns]:
        """Return the chain on the features that the null models estimate."""
        null = part_nulls(self.songs, "test")
        return {name: self._columns(columns["preds"].numpy()) for name, columns in null.items()}

    def ask(self, model: Any) -> Columns:
        """Return `kept` and `distance` of each test song, shape (n_rows,)."""
        return self._columns(predict_batches(model, self.test)["preds"].double().numpy())

    def sections(self, answer: Answer) -> list[Section]:
        """Return the scores beside those of the true features, and some next songs."""
        lists = self._lists(predict_batches(answer.model, self.test)["preds"].double().numpy())
        bounds = {"estimated features": answer.columns, "true features": self._of(self.true_lists)}
        rows = [(name, *_means(own, self.units, answer.bootstrap)) for name, own in bounds.items()]
        columns = ["by", "songs kept", "distance", "low", "high"]
        text = (
            "The same chain on true features is the most that estimates can reach. Distances are "
            "of all features in standard units, from the true features of the song."
        )
        bound = pd.DataFrame(rows, columns=columns)
        shown = self.songs.part("test").head(N_EXAMPLES)
        names = [" - ".join(filter(None, row)) for row in shown[["artist", "title"]].to_numpy(str)]
        listed = [self.chain.named(own[:N_EXAMPLES]) for own in (lists, self.true_lists)]
        labels = [name or track for name, track in zip(names, shown["id"], strict=True)]
        table = pd.DataFrame(
            {"after": labels, "by the sound": listed[0], "by its features": listed[1]}
        )
        return [
            Section("next_songs", "Next songs by estimated and by true features", text, bound),
            Section("next_song_examples", "Some next songs", table=table),
        ]

    def _lists(self, preds: np.ndarray) -> np.ndarray:
        raw = preds * self.songs.scaling.span + self.songs.scaling.shift
        return self.chain.listed(pd.DataFrame(raw, columns=self.songs.features))

    def _columns(self, preds: np.ndarray) -> Columns:
        return self._of(self._lists(preds))

    def _of(self, listed: np.ndarray) -> Columns:
        """Return the columns of lists (n_rows, n_listed) of rows of the known songs.

        A song after which none follows has the distance that one at random would have.
        """
        features, scaling = self.songs.features, self.songs.scaling
        known = scaling.apply(self.chain.known[features].to_numpy(dtype=np.float64))
        ids = self.chain.known["id"].to_numpy(dtype=str)
        clusters = np.zeros(len(ids), dtype=np.int64)
        own = Pool(np.full(len(listed), ""), self.target.numpy(), clusters[: len(listed)])
        distance = mean_distance(own, Pool(ids, known, clusters), listed)
        empty = ~(listed >= 0).any(axis=1)  # of a cluster all of whose songs were fitted to
        gaps = own.x[empty][:, None] - known[self.chain.rows]  # (n_empty, n_songs, n_features)
        distance[empty] = np.linalg.norm(gaps, axis=2).mean(axis=1)
        return {
            "kept": torch.from_numpy(_shared(listed, self.true_lists)),
            "distance": torch.from_numpy(distance),
        }


def _shared(listed: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the share of each list (n, m) that the other list has too, 0 of an empty one, (n,)."""
    shared = ((listed[:, :, None] == other[:, None]) & (listed >= 0)[:, :, None]).any(axis=2)
    return shared.sum(axis=1) / np.maximum((listed >= 0).sum(axis=1), 1)


def _means(
    columns: Columns, units: np.ndarray, bootstrap: Bootstrap
) -> tuple[float, float, float, float]:
    """Return the means of `kept` and `distance`, and the interval of the second."""
    kept, distance = (columns[name].double().numpy() for name in ("kept", "distance"))
    there = np.isfinite(distance)
    ends = bootstrap.mean(distance[there], units[there])
    return float(kept.mean()), float(distance[there].mean()), *ends


def chosen_names(chain: NextSongs | None, estimates: pd.DataFrame) -> dict[str, Sequence[Any]]:
    """Return the columns `cluster` and `next_songs` of songs with estimated features."""
    if chain is None:
        return {}
    named: dict[str, Sequence[Any]] = {"next_songs": chain.named(chain.listed(estimates))}
    if chain.options.by == "cluster":
        raw = estimates[chain.options.features].to_numpy(dtype=np.float64)
        named = {"cluster": chain.clusters(raw).tolist(), **named}
    return named
