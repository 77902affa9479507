"""MusiCNN's own tags, as trained elsewhere, for tags of the same meaning; nothing is learned."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.features.tag_names import matched_tags
from muso_exp.models.base import Solver
from muso_exp.models.musicnn import Training, fetched_arrays
from muso_exp.models.musicnn_net import SAMPLE_RATE, MusicnnNet
from muso_exp.options import Inert
from muso_exp.records import Batch

log = logging.getLogger(__name__)


class MusicnnTags(Solver):
    """The probability that a trained MusiCNN gives to the tag that says most nearly the same.

    A tag that MusiCNN has no word for scores 0 for every clip: chance, in a metric of ranks.

    Args:
        tag_names: of the data set's tags, from the data set.
        sample_rate: in Hz, from the data set; 16000 is needed.
        cache: folder of prepared files.
        trained_on: tags of MagnaTagATune (`mtt`) or of the Million Song Dataset (`msd`).

    Raises:
        ValueError: another sample rate.

    Source: Pons and Serra 2019; see `muso_exp.models.musicnn_net.MusicnnNet`. Which tags say the
    same: `muso_exp.features.tag_names`, ours.
    """

    source: Tensor

    def __init__(
        self,
        tag_names: Sequence[str],
        sample_rate: int,
        cache: Inert[str],
        trained_on: Training = "msd",
    ) -> None:
        super().__init__()
        if sample_rate != SAMPLE_RATE:
            raise ValueError(
                f"MusiCNN hears sound at {SAMPLE_RATE} Hz, got {sample_rate}; "
                f"set dataset.store.sample_rate={SAMPLE_RATE}"
            )
        self.save_hyperparameters(logger=False)
        self.tag_names, self.cache, self.trained_on = list(tag_names), Path(cache), trained_on
        self.net = MusicnnNet()
        self.register_buffer("source", torch.full((len(self.tag_names),), -1))

    def on_fit_start(self) -> None:
        """Take the trained weights, and find the tags that say the same.

        Raises:
            ConfigError: the weights were not fetched, or no tag says the same.
        """
        super().on_fit_start()
        arrays = fetched_arrays(self.cache, self.trained_on)
        theirs = [str(tag) for tag in arrays["tags"]]
        found = matched_tags(self.tag_names, theirs)
        if max(found) < 0:
            raise ConfigError(
                f"none of these tags is one of MusiCNN's: {', '.join(self.tag_names[:5])}, ...; "
                "take model=musicnn, which learns any tags"
            )
        self.net.load_arrays(arrays)
        self.source.copy_(torch.tensor(found))
        pairs = zip(self.tag_names, found, strict=True)
        named = [f"{own} by {theirs[place]}" for own, place in pairs if place >= 0]
        log.info("MusiCNN has %d of %d tags: %s", len(named), len(found), ", ".join(named))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (B, n_tags) of clips x (B, [W,] S), averaged over windows."""
        windows = x if x.ndim == 3 else x[:, None]  # (B, W, S)
        flat = windows.flatten(0, 1)
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            logits = torch.cat([self.net(self.net.log_mel(part))[1] for part in flat.split(8)])
        scores = logits.sigmoid().unflatten(0, windows.shape[:2]).mean(dim=1)  # (B, 50)
        own = scores[:, self.source.clamp(min=0)]
        return torch.where(self.source >= 0, own, torch.zeros_like(own))

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        """Return `scores` (B, n_tags)."""
        return {"scores": self(batch["x"])}

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Do nothing: all was learned elsewhere."""
