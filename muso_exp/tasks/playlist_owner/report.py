"""What the report says of two lists of tracks: the audit, and the sections with figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from muso_exp.figures import two_class as curves
from muso_exp.records import Finding, Section

if TYPE_CHECKING:
    from muso_exp.data.playlists import Playlists

VISIBLE = 0.01  # least spread of an input that a unit of order one can make much of
COMMON = 0.9  # share of tracks with one value from which a feature hardly tells


def audit(data: Playlists) -> list[Finding]:
    """Return leaks between the splits, the scale of the inputs and what was cut away."""
    return [
        _shared_tracks(data),
        _split_overlap(data),
        _shared_artists(data),
        _threshold(data),
        *_scale(data),
        _near_constants(data),
        _left_out(data),
    ]


def _shared_tracks(data: Playlists) -> Finding:
    shared, what = data.lists.n_shared, data.options.overlap
    done = "dropped from both" if what == "drop" else "kept: their target cannot be told"
    text = f"{shared} tracks are in both lists; {done} (dataset.overlap={what})"
    return Finding("tracks_in_both_lists", shared, text, _level(what == "keep" and shared > 0))


def _split_overlap(data: Playlists) -> Finding:
    test, train = data.tracks("test"), data.tracks("train")
    leaked = int(test["id"].isin(set(train["id"])).sum())
    text = f"{leaked} of {len(test)} test tracks stand in the train split too"
    return Finding("test_tracks_in_train", leaked, text, _level(leaked > 0))


def _shared_artists(data: Playlists) -> Finding:
    artists = data.tracks("test")["artist"]
    share = float(artists[artists != ""].isin(set(data.tracks("train")["artist"])).mean())
    share = 0.0 if np.isnan(share) else share
    text = f"{share:.1%} of the test tracks are by artists of the train split; "
    if data.group == "artist":
        text += "the intervals resample artists"
    else:
        text += (
            "tracks of one artist sound alike, so intervals over tracks are on the narrow side "
            "(dataset.group=artist keeps artists apart)"
        )
    return Finding("test_tracks_by_train_artists", share, text)


def _threshold(data: Playlists) -> Finding:
    leaks = data.threshold == "test_midrange"
    text = f"decisions are made at the threshold {data.threshold}"
    if leaks:
        text += ": chosen on the test scores themselves, by their two most extreme tracks"
    return Finding("threshold_from_test", float(leaks), text, _level(leaks))


def _scale(data: Playlists) -> list[Finding]:
    spread = data.splits["train"].x.double().numpy().std(axis=0)  # (n_features,)
    widest = int(spread.argmax())
    share = float(spread[widest] ** 2 / max((spread**2).sum(), np.finfo(float).tiny))
    hidden = [name for name, own in zip(data.features, spread, strict=True) if own < VISIBLE]
    text = (
        f"{len(hidden)} of {len(spread)} inputs have a standard deviation below {VISIBLE} after "
        f"scaling {data.how}" + (f": {', '.join(hidden)}" if hidden else "")
    )
    dominance = f"{data.features[widest]} holds {share:.2%} of the inputs' variance"
    return [
        Finding("inputs_without_spread", len(hidden), text, _level(bool(hidden))),
        Finding("share_of_widest_input", share, dominance, _level(share > COMMON)),
    ]


def _near_constants(data: Playlists) -> Finding:
    values = data.lists.tracks[data.features]
    shares = {name: float((values[name] == values[name].mode()[0]).mean()) for name in values}
    common = {name: share for name, share in shares.items() if share >= COMMON}
    listed = ", ".join(f"{name} ({share:.1%})" for name, share in common.items())
    text = f"features with one value in {COMMON:.0%} of the tracks or more: {len(common)}"
    return Finding("near_constant_features", len(common), text + (f", {listed}" if common else ""))


def _left_out(data: Playlists) -> Finding:
    used = len(data.lists.tracks)
    left_out = sum(data.lists.n_read) - used
    first, second = data.lists.n_read
    text = (
        f"the lists have {first} and {second} tracks, {used} are used and {left_out} left out "
        f"(dataset.balance={data.options.balance})"
    )
    return Finding("tracks_left_out", left_out, text)


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"


def sections(data: Playlists, predictions: pd.DataFrame) -> Sequence[Section]:
    """Return the features of the two lists, and curves of the predictions of the test tracks."""
    tracks, names = data.lists.tracks, data.lists.names
    columns = {name: tracks[name].to_numpy() for name in data.features}
    target = predictions["target"].to_numpy()
    probability = predictions["probability"].to_numpy()
    return [
        Section(
            "features",
            "Features of the two lists",
            f"All used tracks: {names[0]} (positive) and {names[1]}.",
            figure=curves.distributions_figure(columns, tracks["target"].to_numpy(), names),
        ),
        Section(
            "inputs",
            "What the model is given",
            "AUC alone: how well the feature by itself ranks the lists (.5: not at all; below: "
            f"the other way round). The last two columns are after scaling {data.how}.",
            table=inputs_table(data),
        ),
        Section(
            "ranking",
            "Ranking of the test tracks",
            "Dashed: what a random order scores.",
            figure=curves.ranking_figure(target, probability),
        ),
        Section(
            "calibration",
            "Calibration",
            "A calibrated model lies on the dashed line.",
            figure=curves.calibration_figure(target, probability.clip(0, 1)),
        ),
        Section(
            "confusion",
            "Decisions",
            f"Test tracks by true and decided list, threshold {data.threshold}.",
            figure=curves.confusion_figure(target, predictions["decision"].to_numpy(), names),
        ),
    ]


def inputs_table(data: Playlists) -> pd.DataFrame:
    """Return a row per feature: means in both lists, AUC alone, scaled mean and spread."""
    tracks = data.lists.tracks
    target = tracks["target"].to_numpy()
    scaled = data.splits["train"].x.double().numpy()
    return pd.DataFrame(
        {
            "feature": data.features,
            "mean, positive": tracks.loc[target == 1, data.features].mean().to_numpy(),
            "mean, negative": tracks.loc[target == 0, data.features].mean().to_numpy(),
            "AUC alone": [roc_auc_score(target, tracks[name]) for name in data.features],
            "scaled mean": scaled.mean(axis=0),
            "scaled standard deviation": scaled.std(axis=0),
        }
    )
