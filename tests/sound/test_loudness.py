"""How loud a clip is."""

from pathlib import Path

import numpy as np
from pytest import approx
from sound_tasks import genres
from tiny_sound import write_sound_folder

from muso_exp.sound.loudness import SILENCE, clip_loudness, pooled_loudness, rms_loudness


def test_loudness_is_in_decibels_of_full_scale() -> None:
    assert rms_loudness(np.full(9, 32767, np.int16)) == approx(0)
    assert rms_loudness(np.array([-32767, 0], np.int16)) == approx(10 * np.log10(1 / 2))
    assert rms_loudness(np.zeros(9, np.int16)) == SILENCE < rms_loudness(np.ones(9, np.int16))


def test_loudness_is_pooled_over_whole_moments() -> None:
    samples = np.repeat([32767, 3277, 1], [4, 4, 3]).astype(np.int16)  # 0 dB, -20 dB, a rest
    level, mean, spread = pooled_loudness(samples, moment=4)
    assert (level, mean, spread) == approx((10 * np.log10(4.04 / 11), -10, 10), abs=0.01)
    assert pooled_loudness(samples[:3], moment=4) == approx((0, 0, 0), abs=0.01)


def test_the_padding_of_a_clip_is_not_heard(tmp_path: Path, cache: Path) -> None:
    root = write_sound_folder(tmp_path)
    short, padded = genres(root, cache), genres(root, cache, store={"seconds": 2.4})
    assert len(padded.store.clip(0)) == 2 * padded.store.index["n_filled"][0]
    expected = 10 * np.log10(0.3**2 / 2)  # tones of amplitude 0.3
    for data in (short, padded):
        found = clip_loudness(data.store, cache)
        assert found[:, :2] == approx(expected, abs=0.1) and found[:, 2] == approx(0, abs=0.1)
