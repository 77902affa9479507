"""What a model is given of clips of sound: metadata, vectors of sound, windows, and both."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sound_tasks import FACTORS, factors
from test_content_plays import EMBEDDERS
from tiny_sound import N_CLIPS, RATE, WINDOW, write_sound_folder

from muso_exp.data.content.clip_inputs import Known
from muso_exp.errors import ConfigError
from muso_exp.models.mel_cnn import MelCNN

MEL = {"head": "regression", "n_outputs": 1, "sample_rate": RATE} | EMBEDDERS["mel_cnn"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def vectors(root: Path, cache: Path, inputs: str, **options: Any) -> np.ndarray:
    data = factors(root, cache, inputs=inputs, **options)
    batches = [data.windows(np.arange(N_CLIPS))[[row]]["x"] for row in range(N_CLIPS)]
    assert data.dims["n_inputs"] == batches[0].shape[1]
    return torch.cat(batches).numpy()


def test_metadata_are_all_fields_that_the_clips_have(root: Path, cache: Path) -> None:
    each = [vectors(root, cache, name) for name in ("artist", "genre", "tags")]
    assert vectors(root, cache, "metadata") == pytest.approx(np.hstack(each))
    artist, genre = each[0] @ each[0].T, each[1] @ each[1].T
    same_artist = np.equal.outer(np.arange(N_CLIPS) // 3, np.arange(N_CLIPS) // 3)
    same_genre = np.equal.outer(np.arange(N_CLIPS) % 2, np.arange(N_CLIPS) % 2)
    assert artist == pytest.approx(same_artist.astype(float), abs=1e-6)
    assert genre == pytest.approx(same_genre.astype(float), abs=1e-6)


def test_fields_are_left_out_of_metadata_by_name(root: Path, cache: Path) -> None:
    genre, tags = (vectors(root, cache, name) for name in ("genre", "tags"))
    assert vectors(root, cache, "metadata-artist") == pytest.approx(np.hstack([genre, tags]))
    assert vectors(root, cache, "metadata-artist-genre") == pytest.approx(tags)


def test_of_fewer_known_songs_each_is_one_of_more(root: Path, cache: Path) -> None:
    every, half, few = (
        factors(root, cache, inputs="artist", train_share=share) for share in (1.0, 0.5, 0.25)
    )
    assert every.train_rows().tolist() == every.parts["train"].tolist()
    assert len(half.train_rows()) == 4 and len(few.train_rows()) == 2
    assert set(few.train_rows()) < set(half.train_rows()) < set(every.train_rows())
    assert half.task.rows.listening.plays.shape == every.task.rows.listening.plays.shape
    mean = half.task.nulls()["mean_factor"]["preds"].numpy()
    assert mean[0] == pytest.approx(half.labels.numpy()[half.train_rows()].mean(axis=0), abs=1e-6)
    loader = half.train_dataloader()
    assert sum(len(batch["row"]) for batch in loader) == 4


def test_where_genres_are_named_tags_of_a_genre_are_tags(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = folder / "manifest.csv"
    named = manifest.read_text()
    manifest.write_text(named.replace("|loud", "|loud rock"))
    assert vectors(folder, cache, "genre").shape == (N_CLIPS, 2)
    tags = vectors(folder, cache, "tags")
    manifest.write_text(named)
    as_before = vectors(folder, cache, "tags")  # "loud rock" is a tag as "loud" was
    assert tags @ tags.T == pytest.approx(as_before @ as_before.T, abs=1e-6)


@pytest.mark.parametrize(
    ("part", "n_columns"), [("mfcc", 819), ("contrast", 12), ("chroma", 24), ("loudness", 3)]
)
def test_numbers_of_the_sound_are_standardised_on_train(
    root: Path, cache: Path, part: str, n_columns: int
) -> None:
    data = factors(root, cache, inputs=part)
    x = data.x[data.parts["train"]].numpy() * np.sqrt(n_columns)
    assert x.shape[1] == n_columns
    assert x.mean(axis=0) == pytest.approx(np.zeros(n_columns), abs=1e-4)
    spread = x.std(axis=0)
    assert np.isclose(spread, 1, atol=1e-3).sum() >= n_columns - (spread < 1e-3).sum()
    assert (spread > 0.9).any()


def test_an_embedding_is_of_the_network_that_is_given(root: Path, cache: Path) -> None:
    x = vectors(root, cache, "embedding", embedder=MEL)
    assert x.shape == (
        N_CLIPS,
        MelCNN(**{k: v for k, v in MEL.items() if k != "_target_"}).embedding_dim,
    )
    assert len(np.unique(x.round(5), axis=0)) == N_CLIPS
    both = vectors(root, cache, "embedding+artist", embedder=MEL)
    assert both[:, : x.shape[1]] == pytest.approx(x, abs=1e-5)


def test_shuffled_vectors_are_the_same_ones_of_other_clips(root: Path, cache: Path) -> None:
    own, dealt = (vectors(root, cache, "mfcc", shuffled=flag) for flag in (False, True))
    assert np.sort(own, axis=0) == pytest.approx(np.sort(dealt, axis=0))
    assert not np.allclose(own, dealt)
    data = factors(root, cache, inputs="mfcc")
    assert data.task.rows.shuffled == pytest.approx(dealt)


def test_shuffled_sound_is_that_of_another_clip(root: Path, cache: Path) -> None:
    own, dealt = (factors(root, cache, shuffled=flag) for flag in (False, True))
    assert sorted(own.clips) == sorted(dealt.clips)
    assert own.clips.tolist() != dealt.clips.tolist()
    assert own.labels.equal(dealt.labels)


def test_beside_sound_vectors_are_what_is_known_before(root: Path, cache: Path) -> None:
    data = factors(root, cache, inputs="audio+artist", scaling="standard")
    assert "n_inputs" not in data.dims and data.x is None
    train, test = data.parts["train"], data.parts["test"]
    x = factors(root, cache, inputs="artist", scaling="standard").x.numpy()
    known = Known(x, train, np.arange(N_CLIPS)).predict(data.labels.numpy())
    assert data.offset.numpy() == pytest.approx(known, abs=1e-5)
    batch = data.windows(test)[[0, 1]]
    assert batch["x"].shape == (2, 3, WINDOW)
    assert batch["offset"].equal(data.offset[test[:2]])
    crop = data.train_dataloader().dataset[[1]]
    assert crop["offset"].equal(data.offset[train[1:2]])


def test_what_is_known_of_a_train_clip_is_not_learned_from_itself() -> None:
    rng = np.random.default_rng(0)
    x, target = np.eye(40, dtype=np.float32), rng.normal(size=(40, 2))
    train, groups = np.arange(30), np.arange(40)
    found = Known(x, train, groups).predict(target)
    moved = target.copy()
    moved[3] += 100
    changed = Known(x, train, groups).predict(moved)
    assert changed[3] == pytest.approx(found[3])  # its own value is not in it
    assert changed[4] != pytest.approx(found[4]) or changed[8] != pytest.approx(found[8])
    assert found[30:] == pytest.approx(np.tile(target[:30].mean(axis=0), (10, 1)), abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "mood"}, "inputs=mood: 'mood' is no part; there are audio, metadata, artist"),
        ({"inputs": "metadata-mood"}, "'metadata-mood' is no part"),
        ({"inputs": "metadata-year"}, "no clip has year; these clips have artist, genre, tags"),
        (
            {"inputs": "metadata-artist-genre-tags-year-place"},
            "no clip has metadata|no clip has year",
        ),
        ({"inputs": "mfcc+mfcc"}, "mfcc is in it twice"),
        ({"inputs": "metadata+artist"}, "artist is in it twice"),
        ({"inputs": "year"}, "no clip has year; these clips have artist, genre, tags"),
        ({"inputs": "embedding"}, "the part embedding and dataset.embedder need each other"),
        ({"embedder": MEL}, "the part embedding and dataset.embedder need each other"),
    ],
)
def test_inputs_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        factors(root, cache, factors={**FACTORS, "iterations": 3}, **options)


def test_vectors_that_say_nothing_are_refused(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = folder / "manifest.csv"
    lines = manifest.read_text().replace(",high,", ",low,")
    manifest.write_text(lines)
    with pytest.raises(ConfigError, match="inputs=genre: the same for all 8 train clips"):
        factors(folder, cache, inputs="genre")


def test_a_run_on_vectors_is_not_applied_to_new_sound(root: Path, cache: Path) -> None:
    data = factors(root, cache, inputs="mfcc")
    with pytest.raises(ConfigError, match="inputs=mfcc cannot be applied to sound"):
        data.read_new(root / "audio" / "4.wav")
