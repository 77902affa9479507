"""New songs, and the known songs nearest to each by factors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from muso_exp.features.factor_scaling import FactorScaling, unit_rows
from muso_exp.tasks.new_clips import NewClips

SHOWN = 3  # known songs that are named for a new one


@dataclass(frozen=True)
class SongFactors:
    """New songs whose factors are predicted.

    Attributes:
        clips: the songs.
        scaling: how factors became targets.
        names: of the known songs.
        factors: their true factors, shape (n_known, n_factors).
    """

    clips: NewClips
    scaling: FactorScaling
    names: list[str]
    factors: np.ndarray

    def apply(self, model: Any) -> pd.DataFrame:
        """Return each song with the known songs nearest by factors, and their cosines."""
        preds = self.clips.predict(model)["preds"]
        heard = unit_rows(self.scaling.invert(preds.numpy()))
        cosine = heard @ unit_rows(self.factors).T  # (n_songs, n_known)
        order = np.argsort(-cosine, axis=1, kind="stable")[:, :SHOWN]
        table = pd.DataFrame({"song": self.clips.songs["track_id"]})
        for place in range(order.shape[1]):
            table[f"nearest {place + 1}"] = [self.names[i] for i in order[:, place]]
            table[f"cosine {place + 1}"] = cosine[np.arange(len(cosine)), order[:, place]]
        return table
