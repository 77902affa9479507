"""Latent factors as targets of a network, and its outputs as latent factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from muso_exp.errors import ConfigError

KINDS = ("l2", "standard", "none")


@dataclass(frozen=True)
class FactorScaling:
    """How factors become targets.

    Attributes:
        kind: `l2`, every row divided by its norm (thesis); `standard`, every column by the train
            rows' mean and standard deviation; `none`, as they are (document 5).
        mean: of the columns of train, shape (n_factors,); 0 unless `standard`.
        spread: their standard deviation, 1 where it is 0; 1 unless `standard`.
    """

    kind: str
    mean: np.ndarray
    spread: np.ndarray

    def state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` makes the scaling again."""
        return {"kind": self.kind, "mean": self.mean.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "FactorScaling":
        """Return the scaling that `state` was made from."""
        return cls(state["kind"], np.asarray(state["mean"]), np.asarray(state["spread"]))

    @classmethod
    def fit(cls, factors: np.ndarray, kind: str) -> "FactorScaling":
        """Return the scaling of train factors (n_rows, n_factors).

        Raises:
            ConfigError: an unknown kind.
        """
        if kind not in KINDS:
            raise ConfigError(f"dataset.scaling={kind}: choose one of {', '.join(KINDS)}")
        n_factors = factors.shape[1]
        if kind != "standard":
            return cls(kind, np.zeros(n_factors), np.ones(n_factors))
        spread = factors.std(axis=0, dtype=np.float64)
        return cls(kind, factors.mean(axis=0, dtype=np.float64), np.where(spread > 0, spread, 1))

    def apply(self, factors: np.ndarray) -> np.ndarray:
        """Return factors (n_rows, n_factors) as targets, float32."""
        scaled = unit_rows(factors) if self.kind == "l2" else (factors - self.mean) / self.spread
        return scaled.astype(np.float32)

    def invert(self, targets: np.ndarray) -> np.ndarray:
        """Return predicted targets as factors; of `l2` their direction is all that is known."""
        return (targets * self.spread + self.mean).astype(np.float32)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Divide each row by its norm; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)
