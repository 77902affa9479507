"""The audio features of a track: names, documented ranges, and ways to scale them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Range:
    """The values that a feature may have.

    Attributes:
        low: smallest value.
        high: largest value.
        whole: only whole numbers.
    """

    low: float
    high: float
    whole: bool = False

    def contains(self, values: np.ndarray) -> np.ndarray:
        """Return which values (n,) lie in the range; NaN does not."""
        inside = (values >= self.low) & (values <= self.high)
        return inside & (values == np.round(values)) if self.whole else inside

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


SHARE = Range(0, 1)
DAY_MS = 86_400_000

FEATURES: dict[str, Range] = {
    "danceability": SHARE,
    "energy": SHARE,
    "key": Range(-1, 11, whole=True),  # pitch class, C = 0; -1: none found
    "loudness": Range(-60, 5),  # dB; documented as typically -60 to 0, real tracks reach 1.3
    "mode": Range(0, 1, whole=True),  # 1 major, 0 minor
    "speechiness": SHARE,
    "acousticness": SHARE,
    "instrumentalness": SHARE,
    "liveness": SHARE,
    "valence": SHARE,
    "tempo": Range(0, 300),  # beats per minute; 0: none found
    "duration_ms": Range(1, DAY_MS, whole=True),
    "time_signature": Range(0, 7, whole=True),  # documented as 3 to 7; 0 and 1: none found
}
"""Spotify's audio features in its order (Web API reference, "Get Track's Audio Features")."""

SCALINGS = ("none", "global", "row", "per_feature", "standard")


@dataclass(frozen=True)
class Scaling:
    """A fitted scaling, (x - shift) / span.

    Attributes:
        how: one of `SCALINGS`; `row` is fitted to each row by itself.
        shift: shape (n_features,).
        span: shape (n_features,); 0 means that the feature is constant and becomes 0.
    """

    how: str
    shift: np.ndarray
    span: np.ndarray

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return scaled features of tracks, shape (n_tracks, n_features) kept, float32."""
        shift, span = self.shift, self.span
        if self.how == "row":
            shift = values.min(axis=1, keepdims=True)  # (n_tracks, 1)
            span = np.ptp(values, axis=1, keepdims=True)  # (n_tracks, 1)
        return ((values - shift) / np.where(span > 0, span, np.inf)).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return plain lists and strings from which `from_state` makes the scaling again."""
        return {"how": self.how, "shift": self.shift.tolist(), "span": self.span.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Scaling":
        """Return the scaling that `state` was made from."""
        return cls(state["how"], np.asarray(state["shift"]), np.asarray(state["span"]))


def fit_scaling(values: np.ndarray, how: str) -> Scaling:
    """Fit a scaling to the features of the train tracks.

    Args:
        values: raw features, shape (n_tracks, n_features).
        how: `none`; `global`, one minimum and maximum of all numbers of the table; `row`, those
            of each track; `per_feature`, those of each feature; `standard`, mean and population
            standard deviation of each feature.

    Raises:
        ValueError: `how` is not known.

    Source: document 2, section 3, "normalized to be between 0 and 1", which leaves open over what.
    """
    n_features = values.shape[1]
    if how == "global":
        shift, span = np.full(n_features, values.min()), np.full(n_features, np.ptp(values))
    elif how == "per_feature":
        shift, span = values.min(axis=0), np.ptp(values, axis=0)
    elif how == "standard":
        shift, span = values.mean(axis=0), values.std(axis=0)
    elif how in ("none", "row"):
        shift, span = np.zeros(n_features), np.ones(n_features)
    else:
        raise ValueError(f"scaling must be one of {', '.join(SCALINGS)}, got {how!r}")
    return Scaling(how, shift, span)
