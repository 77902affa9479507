"""New tracks, ranked by how well they fit the positive list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch


@dataclass(frozen=True)
class NewTracks:
    """Tracks of a new table.

    All are one batch, so that the published threshold is the midrange of this table.

    Attributes:
        tracks: id, title, artist, a row per track.
        x: their features as the model gets them, shape (n_tracks, n_features), float32.
    """

    tracks: pd.DataFrame
    x: np.ndarray

    def apply(self, model: Any) -> pd.DataFrame:
        """Return rank, id, title, artist, probability and decision, best first."""
        answer = model.columns({"x": torch.from_numpy(self.x)})
        columns = {name: column.double().numpy() for name, column in answer.items()}
        table = self.tracks[["id", "title", "artist"]].assign(**columns)
        table = table.sort_values("probability", ascending=False, kind="stable", ignore_index=True)
        table.insert(0, "rank", np.arange(1, len(table) + 1))
        return table
