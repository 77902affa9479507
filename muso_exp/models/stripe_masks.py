"""Stripes of a spectrogram that are hidden from a network while it trains (SpecAugment)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StripeMask(nn.Module):
    """Sets a stripe of bands or of frames to 0, another in each window.

    Its width is 0 to `widest`, its place anywhere; both from torch's generator.

    Args:
        axis: 1 bands, 2 frames.
        widest: of a stripe; below the size of the spectrogram.

    Source: Park et al. 2019. Deviation: none.
    """

    def __init__(self, axis: int, widest: int) -> None:
        super().__init__()
        self.axis, self.widest = axis, widest

    def forward(self, x: Tensor) -> Tensor:
        """Return spectrograms (B, n_bands, n_frames) with their stripes hidden."""
        size = x.shape[self.axis]
        # as torchaudio draws them, so that runs of before are repeated: a stripe never reaches the
        # last place
        width = torch.rand(len(x), 1, device=x.device, dtype=x.dtype) * (self.widest + 1)
        start = torch.rand(len(x), 1, device=x.device, dtype=x.dtype) * (size - width)
        start, width = start.long(), width.long()
        places = torch.arange(size, device=x.device)
        hidden = (places >= start) & (places < start + width)  # (B, size)
        return x.masked_fill(hidden[:, None] if self.axis == 2 else hidden[:, :, None], 0.0)
