"""What the report shows of factors heard in sound: table 6.1, neighbours, the factors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.features.factor_scaling import unit_rows
from muso_exp.features.neighbours import equal_rows, expected_share, order_of_nearest
from muso_exp.figures.common import forest_figure
from muso_exp.metrics.base import weighted_mean
from muso_exp.metrics.resampling import Bootstrap, percentile_interval
from muso_exp.records import Columns, Section
from muso_exp.tasks.factor_regression.baselines import guesses
from muso_exp.tasks.factor_regression.factor_clips import FactorClips

N_NEAREST = 10  # neighbours shown and counted, as in the thesis


def sections(
    rows: FactorClips,
    predicted: np.ndarray,
    bootstrap: Bootstrap,
    layers: np.ndarray | None = None,
) -> list[Section]:
    """Return table 6.1, what neighbours have in common, neighbours of some songs, the factors.

    Args:
        rows: clips with their true factors.
        predicted: factors of all clips by the model, shape (n_clips, n_factors).
        bootstrap: of the run.
        layers: inner layers of the model for all clips, shape (n_clips, D), to be kept; None: none.
    """
    table = [table_6_1(rows, predicted, bootstrap)] if len(rows.listening.users) else []
    shared = shared_genres(rows, predicted, bootstrap)
    spread = score_spread(rows, predicted, bootstrap)
    return [*table, *shared, nearest(rows, predicted), spread, kept(rows, predicted, layers)]


def table_6_1(rows: FactorClips, predicted: np.ndarray, bootstrap: Bootstrap) -> Section:
    """Return the rows of table 6.1 and the null models, with intervals over users."""
    k = rows.listening.cutoffs[-1]
    found = recommenders(rows, predicted)
    weights = bootstrap.weights(rows.users)
    shown = pd.DataFrame([_row(name, found, weights, k) for name in found])
    auc = np.array([_mean(columns["auc"], weights) for columns in found.values()])
    text = (
        "New songs recommended by factors, as in table 6.1 of the thesis (its numbers are in the "
        "card of an experiment that quotes them): users are the mean of the train songs that they "
        "played, test songs are ranked by their cosine. A mean factor for every song ranks at "
        f"random. The last column: AUC minus that of the row above. {len(rows.users)} users, "
        f"{rows.listening.held.shape[1]} test songs."
    )
    figure = partial(forest_figure, list(found), auc[:, 0], auc[:, 1:], "AUC, mean over users", 0.5)
    return Section("table_6_1", "Recommendation of new songs (table 6.1)", text, shown, figure)


def recommenders(rows: FactorClips, predicted: np.ndarray) -> dict[str, Columns]:
    """Return the ranking columns of each row of the table, from nothing to the true factors."""
    artists = guesses(rows, rows.known_factors())["artist_mean"]
    return {
        "random": rows.listening.rank_alike(),
        "artist mean": rows.ranked(artists),
        "from audio": rows.ranked(predicted),
        "upper bound": rows.ranked(rows.factors),
    }


def _row(
    name: str, rows: dict[str, dict[str, Tensor]], weights: Tensor, k: int
) -> dict[str, object]:
    columns, names = rows[name], list(rows)
    row: dict[str, object] = {"row": name}
    for label, column in ((f"mAP@{k}", f"ap_at_{k}"), ("AUC", "auc")):
        mean, low, high = _mean(columns[column], weights)
        row |= {label: mean, f"{label} interval": f"[{low:.4g}, {high:.4g}]"}
    row["AUC gained"] = "-"
    if name != names[0]:
        above = rows[names[names.index(name) - 1]]
        mean, low, high = _mean(columns["auc"] - above["auc"], weights)
        row["AUC gained"] = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"
    return row


def _mean(values: Tensor, weights: Tensor) -> tuple[float, float, float]:
    """Return the mean of values (n_rows,) and its interval."""
    samples = weighted_mean(values, weights)
    return float(values.double().mean()), *percentile_interval(samples)


def shared_genres(rows: FactorClips, predicted: np.ndarray, bootstrap: Bootstrap) -> list[Section]:
    """Return how often the nearest test songs of other artists share the genre of a test song."""
    test = rows.clips.parts["test"]
    genres = rows.clips.tracks["genre"].to_numpy(str)[test]
    if (genres == "").all():
        return []
    artists = rows.clips.artists[test]
    spaces = {"by chance": None, "from audio": predicted[test], "true factors": rows.factors[test]}
    shares = {name: same_genre(space, genres, artists) for name, space in spaces.items()}
    asked = ~np.isnan(shares["by chance"])
    if not asked.any():
        return []
    weights = bootstrap.weights(artists[asked])
    found = {name: _mean(torch.from_numpy(share[asked]), weights) for name, share in shares.items()}
    shown = pd.DataFrame(
        {
            "neighbours": list(found),
            "share of one genre": [mean for mean, _, _ in found.values()],
            "interval": [f"[{low:.3f}, {high:.3f}]" for _, low, high in found.values()],
        }
    )
    text = (
        f"What share of the nearest test songs by other artists (at most {N_NEAREST}) is of a "
        f"song's genre? The mean over {int(asked.sum())} test songs, intervals over artists. Of "
        "songs that tie for a place each counts by its chance of it, so that factors which are the "
        "same for every song score what chance scores."
    )
    values = np.array(list(found.values()))
    figure = partial(forest_figure, list(found), values[:, 0], values[:, 1:], "share of one genre")
    return [Section("shared_genres", "Neighbours of one genre", text, shown, figure)]


def same_genre(space: np.ndarray | None, genres: np.ndarray, artists: np.ndarray) -> np.ndarray:
    """Return the share of each song's nearest songs by other artists that are of its genre.

    Args:
        space: factors, shape (n, n_factors); None for a random choice.
        genres: of the songs, "" unknown, shape (n,).
        artists: of the songs, shape (n,).

    Returns:
        Shape (n,), of ties the exact expectation; NaN for a song without a genre, or without songs
        of other artists that have one.
    """
    shares = np.full(len(genres), np.nan)
    units, place = equal_rows(np.zeros((len(genres), 1)) if space is None else unit_rows(space))
    for song in np.flatnonzero(genres != ""):
        others = np.flatnonzero((artists != artists[song]) & (genres != ""))
        if len(others):
            cosine = (units @ units[place[song]])[place[others]]
            shares[song] = expected_share(cosine, genres[others] == genres[song], N_NEAREST)
    return shares


def nearest(rows: FactorClips, predicted: np.ndarray) -> Section:
    """Return the clips nearest to some clips, by true and by predicted factors."""
    names, genres = rows.clips.names(), rows.clips.tracks["genre"].to_numpy(str)
    tables = []
    for query in rows.queries:
        columns: dict[str, object] = {"query": names[query]}
        for label, space in (("true factors", rows.factors), ("from audio", predicted)):
            units, place = equal_rows(unit_rows(space))
            cosine = (units @ units[place[query]])[place]
            cosine[query] = -np.inf
            others = order_of_nearest(cosine, min(N_NEAREST - 1, len(names) - 1), query)
            cosine[query] = 1.0
            order = np.r_[query, others]  # the query first, as in the thesis
            columns[f"by {label}"] = [
                f"{names[i]} ({genres[i]})" if genres[i] else names[i] for i in order
            ]
            columns["score" if label == "true factors" else "score "] = cosine[order]
        tables.append(pd.DataFrame(columns))
    own = ", ".join(f"{names[query]}: {genres[query] or 'no genre'}" for query in rows.queries)
    text = (
        "The clips nearest to some clips, themselves first, train clips among them, by the cosine "
        "of true and of predicted factors (thesis, tables 6.3 to 6.8); those that tie in an order "
        "drawn once. "
        f"Genres of the queries: {own}."
    )
    return Section("neighbours", "Nearest songs", text, table=pd.concat(tables))


def score_spread(rows: FactorClips, predicted: np.ndarray, bootstrap: Bootstrap) -> Section:
    """Return how close the scores of the nearest clips are, by true and by predicted factors.

    Source: thesis, section 6.2.2: "The similarity scores are much closer for the predicted vectors
    than the ground truth vectors". In its tables the nine scores below a query span .062 (6.3),
    .055 (6.5) and .147 (6.7) by true factors, .001 (6.6) and .004 (6.8) by predicted ones.
    """
    test, artists = rows.clips.parts["test"], rows.clips.artists[rows.clips.parts["test"]]
    spaces = {"true factors": rows.factors, "from audio": predicted}
    scores = {name: nearest_scores(space, test) for name, space in spaces.items()}
    spans = {name: own[:, 0] - own[:, -1] for name, own in scores.items()}
    spans["from audio minus true"] = spans["from audio"] - spans["true factors"]
    weights = bootstrap.weights(artists)
    found = {name: _mean(torch.from_numpy(span), weights) for name, span in spans.items()}
    empty = np.full((1, N_NEAREST), np.nan)
    shown = pd.DataFrame(
        {
            "scores by": list(found),
            "nearest": [float(scores.get(name, empty)[:, 0].mean()) for name in found],
            "last of nine": [float(scores.get(name, empty)[:, -1].mean()) for name in found],
            "span": [mean for mean, _, _ in found.values()],
            "interval": [f"[{low:.4f}, {high:.4f}]" for _, low, high in found.values()],
        }
    )
    text = (
        f"The cosines of the nine clips nearest to each of {len(test)} test clips: the first, the "
        "last, and how far they lie apart, means over test clips with intervals over artists. In "
        "the thesis' tables 6.3, 6.5 and 6.7 the nine span .062, .055 and .147 by true factors, in "
        "6.6 and 6.8 .001 and .004 by predicted ones (6.4 is not printed)."
    )
    return Section("score_spread", "How close the scores are", text, table=shown)


def nearest_scores(space: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the nine largest cosines of queries to other clips, descending, fewer of few clips.

    Args:
        space: factors, shape (n_clips, n_factors).
        queries: row numbers, shape (n_queries,).
    """
    units = unit_rows(space.astype(np.float64))
    cosine = units[queries] @ units.T  # (n_queries, n_clips)
    cosine[np.arange(len(queries)), queries] = -np.inf
    k = min(N_NEAREST - 1, len(space) - 1)
    return -np.sort(-cosine, axis=1)[:, :k]


def kept(rows: FactorClips, predicted: np.ndarray, layers: np.ndarray | None = None) -> Section:
    """Return the predicted factors with ids and names, written to `factors.npz`."""
    clips = rows.clips
    split = np.full(len(clips.tracks), "train", dtype="<U5")
    for name, part in clips.parts.items():
        split[part] = name
    arrays = {
        "item_factors": predicted,
        "true_factors": rows.factors,
        "item_ids": clips.tracks["track_id"].to_numpy(str),
        "item_names": np.array(clips.names(), dtype=str),
        "item_split": split,
    }
    n_clips, n_factors = predicted.shape
    text = f"factors.npz: {n_factors} factors of {n_clips} clips, predicted and true, with ids"
    if layers is not None:
        arrays["item_layers"] = layers
        text += f", and {layers.shape[1]} numbers of the network's inner layers"
    text += "."
    return Section("factors", "Latent factors from sound", text, arrays=arrays)
