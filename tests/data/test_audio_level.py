"""How loud a clip is, and what that alone tells."""

from pathlib import Path

import numpy as np
from pytest import approx
from sound_tasks import genres
from tiny_sound import write_sound_folder

from muso_exp.sound.loudness import SILENCE, clip_levels, genre_by_level, rms_level


def test_the_level_is_in_decibels_of_full_scale() -> None:
    assert rms_level(np.full(9, 32767, np.int16)) == approx(0)
    assert rms_level(np.array([-32767, 0], np.int16)) == approx(10 * np.log10(1 / 2))
    assert rms_level(np.zeros(9, np.int16)) == SILENCE < rms_level(np.ones(9, np.int16))


def test_the_padding_of_a_clip_is_not_heard(tmp_path: Path, cache: Path) -> None:
    root = write_sound_folder(tmp_path)
    short, padded = genres(root, cache), genres(root, cache, seconds=2.4)
    assert len(padded.store.clip(0)) == 2 * padded.store.index["n_filled"][0]
    expected = 10 * np.log10(0.3**2 / 2)  # tones of amplitude 0.3
    for data in (short, padded):
        assert clip_levels(data.store, cache) == approx(expected, abs=0.1)


def test_louder_clips_are_of_the_louder_genre_and_one_in_between_may_be_of_the_third() -> None:
    levels = np.repeat([-30.0, -20.0, -10.0], 20) + np.tile([-1.0, 1.0], 30)
    told = genre_by_level(levels, np.repeat([0, 3, 1], 20), np.array([-31.0, -20.0, -9.0]), 4)
    assert told.argmax(dim=1).tolist() == [0, 3, 1]
    assert (told[:, 2] == 0).all() and told.sum(dim=1).tolist() == approx([1, 1, 1])


def test_a_single_train_genre_is_all_that_can_be_told() -> None:
    told = genre_by_level(np.array([-9.0, -8.0]), np.array([1, 1]), np.array([-5.0]), 3)
    assert told.tolist() == [[0, 1, 0]]
