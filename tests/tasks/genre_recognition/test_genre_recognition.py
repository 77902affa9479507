"""The task of genres: null models, intervals and the report, on twelve tones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sound_tasks import genres
from tiny_sound import N_CLIPS, write_sound_folder, write_tone

from muso_exp.metrics.resampling import Bootstrap
from muso_exp.tasks.base import Answer
from muso_exp.tasks.genre_recognition.sections import interval_text


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def test_intervals_of_few_artists_are_wide_whatever_the_share() -> None:
    # Wilson: 5 of 5 is 5 / (5 + z^2) to 1
    z, bootstrap = 1.959964, Bootstrap(10)
    low, high = bootstrap.shares(np.array([1.0, 0.5, np.nan]), np.array([5, 100, 0]))
    assert (low[0], high[0]) == pytest.approx((5 / (5 + z**2), 1))
    assert (low[1], high[1]) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert interval_text(bootstrap, np.array([1.0, np.nan]), np.array([5, 0])) == [
        "0.57 to 1.00",
        "-",
    ]


def test_genre_nulls_are_the_train_prior_and_a_uniform_guess(root: Path, cache: Path) -> None:
    data = genres(root, cache)
    own = data.part("train")["genre"].value_counts(normalize=True)
    prior = data.task.nulls()["prior"]["probabilities"]
    assert prior.shape == (len(data.task.target), 2)
    assert prior[0].tolist() == pytest.approx([own["high"], own["low"]])
    assert data.task.nulls()["uniform"]["probabilities"][0].tolist() == [0.5, 0.5]


def test_loudness_alone_separates_genres_of_unlike_loudness(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    for i in range(0, N_CLIPS, 2):  # of genre low
        write_tone(folder / "audio" / f"{i}.wav", 200 + 100 * i, amplitude=0.03)
    data = genres(folder, cache)
    found = data.task.nulls()["level"]["probabilities"]
    assert found.argmax(dim=1).equal(data.task.target)
    assert found.sum(dim=1).tolist() == pytest.approx([1.0] * len(found))


def test_the_report_says_of_how_many_clips_each_number_is(root: Path, cache: Path) -> None:
    data = genres(root, cache, split={"n_folds": 3})
    model = {"probabilities": torch.tensor([[0.95, 0.05]] * len(data.task.target))}
    answer = Answer(None, model, Bootstrap(10))
    sections = data.task.sections(data.task.predictions(model), answer)
    found = {section.name: section for section in sections}
    n_high = int((data.task.target == 0).sum())
    table = found["calibration"].table
    assert table["confidence"].tolist() == ["0.9 to 1"]
    assert table["test clips"].tolist() == [len(data.task.target)]
    assert table["right"].tolist() == pytest.approx([n_high / len(data.task.target)])
    assert found["confidence"].table["test clips"].tolist() == [
        n_high,
        len(data.task.target) - n_high,
    ]
    assert "One of 3 folds" in found["confusion"].text
    assert {"recall_high", "recall_low"} < set(data.task.metrics())
    left = found["calibration"].figure().axes[0]
    assert [text.get_text() for text in left.texts] == [str(len(data.task.target))]
