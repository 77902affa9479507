"""How alike songs are by vectors that describe them: the cosine, nothing learned."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from muso_exp.models.base import Solver
from muso_exp.records import Batch


class SongCosine(Solver):
    """The cosine of a song's vector to those of all songs, kept as they come in training.

    Args:
        n_inputs: length of a vector, from the data set.
        n_songs: number of songs, from the data set.

    Source: document 5, "similarity scores" of songs; it does not say which. Deviation: none.
    """

    songs: Tensor

    def __init__(self, n_inputs: int, n_songs: int) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.register_buffer("songs", torch.zeros(n_songs, n_inputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the cosines of vectors x (B, n_inputs) to all songs, (B, n_songs)."""
        return normalize(x, dim=1) @ normalize(self.songs, dim=1).T

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `similarity` (B, n_songs)."""
        return {"similarity": self(batch["x"])}

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the vectors of the batch, each in the place of its song."""
        self.songs[batch["row"]] = batch["x"]
