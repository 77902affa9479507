"""What the report shows of factors heard in sound: table 6.1, neighbours, the factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.features.factor_scaling import unit_rows
from muso_exp.figures.common import forest_figure
from muso_exp.metrics.resampling import RESAMPLING_SEED, bootstrap_weights, percentile_interval
from muso_exp.records import Finding, Section

if TYPE_CHECKING:
    from muso_exp.data.audio_factors import AudioFactors

RESAMPLES = 1000  # behind the intervals of these tables; the card's default
N_NEAREST = 10  # neighbours shown and counted, as in the thesis


def audit(data: AudioFactors) -> list[Finding]:
    """Return who is known of what: the clips, the artists, the users."""
    plays = data.plays.data.plays
    items = len(data.tracks)
    train, test = (data.artists[data.parts[name]] for name in ("train", "test"))
    strangers = float((~np.isin(test, train)).mean())
    n_users = len(data.listening.users)
    return [
        *data.plays.data.notes,
        Finding(
            "clips_without_plays",
            len(data.store) - items,
            f"{len(data.store) - items} of {len(data.store)} decoded clips are not among the "
            f"{plays.shape[1]} played items (dataset.match={data.match})",
        ),
        Finding(
            "items_without_sound",
            plays.shape[1] - items,
            f"{plays.shape[1] - items} played items have no clip; their plays shape the factors",
        ),
        Finding(
            "factors_know_test_plays",
            1.0,
            "the factors to be heard were learned from all plays, those of test clips too (as in "
            "the thesis): the upper bound is no forecast, the rows beside it are",
        ),
        Finding(
            "test_clips_by_unknown_artists",
            strangers,
            f"{strangers:.1%} of the test clips are by artists without train clips; for these the "
            "null model artist_mean says the mean of all",
        ),
        Finding(
            "users_in_recommendation",
            n_users,
            f"{n_users} of {plays.shape[0]} users have played both train and test clips, "
            f"{data.listening.held.nnz} test entries; popularity is no null model here: nobody "
            "knows how often a new song will be played",
            "warning" if n_users < 100 else "note",
        ),
    ]


def sections(data: AudioFactors) -> list[Section]:
    """Return table 6.1, what neighbours have in common, neighbours of some songs, the factors."""
    if data.predicted is None:
        return []
    parts = [table_6_1(data)] if len(data.listening.users) else []
    return [*parts, *shared_genres(data, data.predicted), nearest(data, data.predicted), kept(data)]


def table_6_1(data: AudioFactors) -> Section:
    """Return the rows of table 6.1 and the null models, with intervals over users."""
    k = data.cutoffs[-1]
    rows = recommenders(data)
    users = data.plays.data.users[data.listening.users]
    weights = bootstrap_weights(users, RESAMPLES, RESAMPLING_SEED)
    shown = pd.DataFrame([_row(name, rows, weights, k) for name in rows])
    auc = np.array([_mean(columns["auc"], weights) for columns in rows.values()])
    text = (
        "New songs recommended by factors, as in table 6.1 of the thesis (its numbers are in the "
        "card of an experiment that quotes them): users are the mean of the train songs that they "
        "played, test songs are ranked by their cosine. A mean factor for every song ranks at "
        f"random. The last column: AUC minus that of the row above. {len(users)} users, "
        f"{data.listening.held.shape[1]} test songs."
    )
    figure = forest_figure(list(rows), auc[:, 0], auc[:, 1:], "AUC, mean over users", 0.5)
    return Section("table_6_1", "Recommendation of new songs (table 6.1)", text, shown, figure)


def recommenders(data: AudioFactors) -> dict[str, dict[str, Tensor]]:
    """Return the ranking columns of each row of the table, from nothing to the true factors."""
    guesses = data.guesses(data.known())
    heard = data.factors if data.predicted is None else data.predicted
    return {
        "random": data.listening.rank_alike(),
        "artist mean": data.ranked(guesses["artist_mean"]),
        "from audio": data.ranked(heard),
        "upper bound": data.ranked(data.factors),
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
    samples = weights @ values.double() / weights.sum(dim=1)
    return float(values.double().mean()), *percentile_interval(samples)


def shared_genres(data: AudioFactors, predicted: np.ndarray) -> list[Section]:
    """Return how often the nearest test songs of other artists share the genre of a test song."""
    test = data.parts["test"]
    genres = data.tracks["genre"].to_numpy(str)[test]
    if (genres == "").all():
        return []
    artists = data.artists[test]
    spaces = {"by chance": None, "from audio": predicted[test], "true factors": data.factors[test]}
    shares = {name: same_genre(space, genres, artists) for name, space in spaces.items()}
    asked = ~np.isnan(shares["by chance"])
    if not asked.any():
        return []
    weights = bootstrap_weights(artists[asked], RESAMPLES, RESAMPLING_SEED)
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
        f"song's genre? The mean over {int(asked.sum())} test songs, intervals over artists."
    )
    values = np.array(list(found.values()))
    figure = forest_figure(list(found), values[:, 0], values[:, 1:], "share of one genre")
    return [Section("shared_genres", "Neighbours of one genre", text, shown, figure)]


def same_genre(space: np.ndarray | None, genres: np.ndarray, artists: np.ndarray) -> np.ndarray:
    """Return the share of each song's nearest songs by other artists that are of its genre.

    Args:
        space: factors, shape (n, n_factors); None for the expectation of a random choice.
        genres: of the songs, "" unknown, shape (n,).
        artists: of the songs, shape (n,).

    Returns:
        Shape (n,); NaN for a song without a genre, or without songs of other artists that have one.
    """
    shares = np.full(len(genres), np.nan)
    units = None if space is None else unit_rows(space)
    for song in np.flatnonzero(genres != ""):
        others = np.flatnonzero((artists != artists[song]) & (genres != ""))
        if units is not None:
            cosine = units[others] @ units[song]
            others = others[np.argsort(-cosine, kind="stable")[:N_NEAREST]]
        if len(others):
            shares[song] = (genres[others] == genres[song]).mean()
    return shares


def nearest(data: AudioFactors, predicted: np.ndarray) -> Section:
    """Return the clips nearest to some clips, by true and by predicted factors."""
    names, genres = data.names(), data.tracks["genre"].to_numpy(str)
    tables = []
    for query in data.asked:
        columns: dict[str, object] = {"query": names[query]}
        for label, space in (("true factors", data.factors), ("from audio", predicted)):
            units = unit_rows(space)
            cosine = units @ units[query]
            cosine[query] = -np.inf
            order = np.argsort(-cosine, kind="stable")[: min(N_NEAREST, len(names) - 1)]
            columns[f"by {label}"] = [
                f"{names[i]} ({genres[i]})" if genres[i] else names[i] for i in order
            ]
            columns["score" if label == "true factors" else "score "] = cosine[order]
        tables.append(pd.DataFrame(columns))
    own = ", ".join(f"{names[query]}: {genres[query] or 'no genre'}" for query in data.asked)
    text = (
        "The clips nearest to some clips, train clips among them, by the cosine of true and of "
        f"predicted factors (thesis, tables 6.3 to 6.8). Genres of the queries: {own}."
    )
    return Section("neighbours", "Nearest songs", text, table=pd.concat(tables))


def kept(data: AudioFactors) -> Section:
    """Return the predicted factors with ids and names, written to `factors.npz`."""
    split = np.full(len(data.tracks), "train", dtype="<U5")
    for name, rows in data.parts.items():
        split[rows] = name
    predicted = data.factors if data.predicted is None else data.predicted
    arrays = {
        "item_factors": predicted,
        "true_factors": data.factors,
        "item_ids": data.tracks["track_id"].to_numpy(str),
        "item_names": np.array(data.names(), dtype=str),
        "item_split": split,
    }
    n_clips, n_factors = predicted.shape
    text = f"factors.npz: {n_factors} factors of {n_clips} clips, predicted and true, with ids."
    return Section("factors", "Latent factors from sound", text, arrays=arrays)
