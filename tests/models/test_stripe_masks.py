"""Stripes that are hidden while a network trains."""

import pytest
import torch
from torchaudio.transforms import FrequencyMasking, TimeMasking

from muso_exp.models.stripe_masks import StripeMask


@pytest.mark.parametrize(("axis", "theirs"), [(1, FrequencyMasking), (2, TimeMasking)])
def test_stripes_are_torchaudio_s_draw_by_draw(axis: int, theirs: type) -> None:
    x = torch.rand(50, 16, 12) + 1
    torch.manual_seed(7)
    ours = StripeMask(axis, 4)(x)
    torch.manual_seed(7)
    assert torch.equal(ours, theirs(5, iid_masks=True)(x))


def test_a_stripe_is_no_wider_than_asked_and_differs_between_windows() -> None:
    hidden = StripeMask(2, 3)(torch.ones(400, 2, 20)) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])  # all bands of a frame
    widths = hidden[:, 0].sum(dim=1)
    assert sorted(widths.unique().tolist()) == [0, 1, 2, 3]
