"""The audit of two lists of tracks: leaks, the scale of the inputs, what was left out."""

from __future__ import annotations

from typing import Literal

import numpy as np

from muso_exp.records import Finding, bad_rows
from muso_exp.tasks.playlist_owner.two_lists import TwoLists

VISIBLE = 0.01  # least spread of an input that a unit of order one can make much of
COMMON = 0.9  # share of tracks with one value from which a feature hardly separates the lists


def audit(lists: TwoLists) -> list[Finding]:
    """Return leaks between the splits, the scale of the inputs and what was cut away."""
    return [
        _sources(lists),
        _shared_tracks(lists),
        _split_overlap(lists),
        _shared_artists(lists),
        _threshold(lists),
        *_scale(lists),
        _near_constants(lists),
        _left_out(lists),
        *bad_rows(lists.left_out),
    ]


def _sources(lists: TwoLists) -> Finding:
    n_estimated = sum(share > 0 for share in lists.estimated)
    apart = lists.estimated[0] != lists.estimated[1]
    text = f"features estimated from sound: in {n_estimated} of the two lists"
    if apart:
        order = (0, 1) if lists.estimated[0] > lists.estimated[1] else (1, 0)
        more, less = (_of_sound(lists.names[one], lists.estimated[one]) for one in order)
        text = (
            f"the features of {more} were estimated from sound, those of {less}: a "
            "classifier learns the source instead of the taste; estimate both lists by one run"
        )
    return Finding("lists_with_estimated_features", n_estimated, text, _level(apart))


def _of_sound(name: str, share: float) -> str:
    """Return a list and how much of it was estimated, as part of a sentence."""
    return {1.0: name, 0.0: f"{name} were not"}.get(share, f"{100 * share:.0f} % of {name}")


def _shared_tracks(lists: TwoLists) -> Finding:
    shared, what = lists.n_shared, lists.overlap
    done = "dropped from both" if what == "drop" else "kept: their target is unknown"
    text = f"{shared} tracks are in both lists; {done} (dataset.overlap={what})"
    return Finding("tracks_in_both_lists", shared, text, _level(what == "keep" and shared > 0))


def _split_overlap(lists: TwoLists) -> Finding:
    test, train = lists.part("test"), lists.part("train")
    leaked = int(test["id"].isin(set(train["id"])).sum())
    text = f"{leaked} of {len(test)} test tracks stand in the train split too"
    return Finding("test_tracks_in_train", leaked, text, _level(leaked > 0))


def _shared_artists(lists: TwoLists) -> Finding:
    if not lists.names_artists:
        text = (
            "no track has an artist: intervals resample tracks and are too narrow where several "
            "are of one artist, and no null model knows who has more of an artist"
        )
        return Finding("test_tracks_by_train_artists", 0.0, text, "warning")
    train, test = (lists.artists[lists.rows[name]] for name in ("train", "test"))
    known = np.isin(test, train[lists.part("train")["artist"] != ""])
    text = (
        f"{known.sum()} of {len(test)} test tracks are by artists of the train split "
        f"(dataset.split.by={lists.group}); the intervals resample artists"
    )
    share = float(known.mean())
    if share > 0:
        text += (
            ". A model may know the artist's sound rather than the listener's taste: see the null "
            "model `artist`; dataset.split=artist keeps artists apart"
        )
    return Finding("test_tracks_by_train_artists", share, text, _level(share > 0))


def _threshold(lists: TwoLists) -> Finding:
    leaks = lists.threshold == "test_midrange"
    text = f"decisions are made at the threshold {lists.threshold}"
    if leaks:
        text += ": chosen on the test scores themselves, by their two most extreme tracks"
    return Finding("threshold_from_test", float(leaks), text, _level(leaks))


def _scale(lists: TwoLists) -> list[Finding]:
    spread = lists.inputs.astype(np.float64).std(axis=0)  # (n_features,)
    widest = int(spread.argmax())
    share = float(spread[widest] ** 2 / max((spread**2).sum(), np.finfo(float).tiny))
    hidden = [name for name, own in zip(lists.features, spread, strict=True) if own < VISIBLE]
    text = (
        f"{len(hidden)} of {len(spread)} inputs have a standard deviation below {VISIBLE} after "
        f"scaling {lists.scaling}" + (f": {', '.join(hidden)}" if hidden else "")
    )
    dominance = f"{lists.features[widest]} holds {share:.2%} of the inputs' variance"
    return [
        Finding("inputs_without_spread", len(hidden), text, _level(bool(hidden))),
        Finding("share_of_widest_input", share, dominance, _level(share > COMMON)),
    ]


def _near_constants(lists: TwoLists) -> Finding:
    values = lists.tracks[lists.features]
    shares = {name: float((values[name] == values[name].mode()[0]).mean()) for name in values}
    common = {name: share for name, share in shares.items() if share >= COMMON}
    listed = ", ".join(f"{name} ({share:.1%})" for name, share in common.items())
    text = f"features with one value in {COMMON:.0%} of the tracks or more: {len(common)}"
    return Finding("near_constant_features", len(common), text + (f", {listed}" if common else ""))


def _left_out(lists: TwoLists) -> Finding:
    used = len(lists.tracks)
    left_out = sum(lists.n_read) - used
    first, second = lists.n_read
    text = (
        f"the lists have {first} and {second} tracks, {used} are used and {left_out} left out "
        f"(dataset.balance={lists.balance})"
    )
    return Finding("tracks_left_out", left_out, text)


def _level(doubtful: bool) -> Literal["note", "warning"]:
    return "warning" if doubtful else "note"
