"""Genres, tags and factors of sound, on twelve tones written to real files."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from tiny_sound import (
    ARTISTS,
    GENRES,
    N_CLIPS,
    RATE,
    SECONDS,
    WINDOW,
    write_sound_folder,
    write_tone,
)
from torch import Tensor

from muso_exp.data.audio.base import AudioData
from muso_exp.data.audio.factor_report import same_genre
from muso_exp.data.audio.vectors import predicted_factors
from muso_exp.data.audio_factors import AudioFactors
from muso_exp.data.audio_genres import AudioGenres
from muso_exp.data.audio_tags import AudioTags
from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError

SOUND = {
    "batch_size": 4,
    "seed": 0,
    "sample_rate": RATE,
    "seconds": SECONDS,
    "n_samples": WINDOW,
    "eval_windows": 3,
    "workers": 1,
    "split": "track",
    "test_share": 0.34,
    "val_share": 0.0,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def ready(data: AudioData) -> AudioData:
    data.prepare_data()
    data.setup("fit")
    return data


def genres(root: Path, cache: Path, **options: object) -> AudioGenres:
    return ready(AudioGenres(str(root), str(cache), **{**SOUND, **options}))  # type: ignore[return-value, arg-type]


def plays(cache: Path, **options: object) -> Plays:
    filters = {"min_user_items": 1, "n_tags": 0}
    return Plays(None, "lfm1b", str(cache), 16, 0, **{**filters, **options})  # type: ignore[arg-type]


def factors(root: Path, cache: Path, **options: object) -> AudioFactors:
    given = {**SOUND, "n_factors": 3, "iterations": 3, "bias": False, **options}
    return ready(AudioFactors(plays(cache), root=str(root), cache=str(cache), **given))  # type: ignore[return-value, arg-type]


def tags(root: Path, cache: Path, **options: object) -> AudioTags:
    given = {**SOUND, "test_share": 0.2, "n_factors": 3, "iterations": 2, "bias": False, **options}
    return ready(AudioTags(plays(cache), root=str(root), cache=str(cache), **given))  # type: ignore[return-value, arg-type]


def mean_of(x: Tensor) -> Tensor:
    """A stand-in for a network: three numbers that hang on the sound."""
    power = x.float().square().mean(dim=(1, 2))
    changes = (x.diff(dim=2).sign().diff(dim=2) != 0).float().mean(dim=(1, 2))
    return torch.stack([power, changes, 1 - changes], dim=1)


def test_windows_of_a_clip_hold_its_very_samples(root: Path, cache: Path) -> None:
    data = genres(root, cache)
    (batch,) = list(data.test_dataloader())[:1]
    clip = data.store.clip(int(data.clips[data.parts["test"][0]])).astype(np.float32) / 32767
    assert batch["x"].shape == (4, 3, WINDOW)
    assert batch["x"][0].flatten().numpy() == pytest.approx(clip[: 3 * WINDOW], abs=1e-6)


def test_dims_are_what_a_network_names(root: Path, cache: Path) -> None:
    dims = genres(root, cache).dims
    assert dims == {"head": "genres", "n_outputs": 2, "sample_rate": RATE, "n_samples": WINDOW}


def test_a_train_batch_is_of_train_clips_and_their_genres(root: Path, cache: Path) -> None:
    data = genres(root, cache)
    rows = torch.cat([batch["target"] for batch in data.train_dataloader()])
    assert sorted(rows.tolist()) == sorted(data.labels[data.parts["train"]].tolist())


def test_each_epoch_of_a_training_has_crops_of_its_own_the_same_in_each_run(
    root: Path, cache: Path, tmp_path: Path
) -> None:
    seen = [crops_of_a_training(genres(root, cache), tmp_path) for _ in range(2)]
    (first, second), again = seen
    assert first.shape == second.shape == (8, WINDOW)
    assert not first.equal(second)
    assert again[0].equal(first) and again[1].equal(second)


def crops_of_a_training(data: AudioGenres, folder: Path) -> list[Tensor]:
    """Return the crops of two epochs, as a model is given them."""

    class Listener(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.heard: list[Tensor] = []

        def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
            self.heard.append(batch["x"])

        def configure_optimizers(self) -> None:
            return None

    listener = Listener()
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=2,
        default_root_dir=folder,
        limit_val_batches=0,
        enable_checkpointing=False,
        **quiet,  # type: ignore[arg-type]
    )
    trainer.fit(listener, datamodule=data)
    half = len(listener.heard) // 2
    return [torch.cat(listener.heard[:half]), torch.cat(listener.heard[half:])]


def test_genre_nulls_are_the_train_prior_and_a_uniform_guess(root: Path, cache: Path) -> None:
    data = genres(root, cache)
    own = data.part("train")["genre"].value_counts(normalize=True)
    prior = data.nulls()["prior"]["probabilities"]
    assert prior.shape == (len(data.target()), 2)
    assert prior[0].tolist() == pytest.approx([own["high"], own["low"]])
    assert data.nulls()["uniform"]["probabilities"][0].tolist() == [0.5, 0.5]


def test_the_audit_counts_shared_artists_repeated_sound_and_quarantine(
    tmp_path: Path, cache: Path
) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    (folder / "audio" / "0.wav").write_bytes((folder / "audio" / "11.wav").read_bytes())
    (folder / "audio" / "1.wav").write_bytes(b"not sound")
    found = {finding.check: finding for finding in genres(folder, cache).audit()}
    assert found["files_in_quarantine"].value == 1
    assert found["quarantine_not_audio"].value == 1
    assert found["test_artists_in_train"].level == "warning"
    assert "1 of all 11 clips repeat another one" in found["test_sound_in_train"].text


def test_an_artist_split_shares_no_artist(root: Path, cache: Path) -> None:
    data = genres(root, cache, split="artist", test_share=0.3)
    found = {finding.check: finding for finding in data.audit()}
    assert found["test_artists_in_train"].value == 0
    assert set(data.units()[:, 0]) < {f"artist {name}" for name in ARTISTS}


def test_the_fingerprint_hangs_on_split_and_targets(root: Path, cache: Path) -> None:
    one, same = genres(root, cache), genres(root, cache)
    other = genres(root, cache, n_folds=3, fold=1)
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_genres_of_new_songs_come_with_confidence(
    root: Path, cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = genres(root, cache)
    again = AudioGenres(str(root), str(cache), **SOUND)  # type: ignore[arg-type]
    again.load_state_dict(data.state_dict())
    write_tone(tmp_path / "b.wav", 300)
    write_tone(tmp_path / "a.wav", 900)
    (tmp_path / "bad.mp3").write_bytes(b"no sound")
    with caplog.at_level(logging.WARNING):
        table = again.apply(tmp_path, lambda b: {"probabilities": mean_of(b["x"])[:, 1:]})
    assert table["song"].tolist() == ["a.wav", "b.wav"]
    assert set(table["genre"]) <= set(GENRES)
    assert (table["confidence"] >= table["confidence 2"]).all()
    assert "1 of 3 files cannot be used" in caplog.text and "bad.mp3: not_audio" in caplog.text


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("none", DatasetNotFoundError, "not found: none; give a sound file or a folder"),
        (".", DatasetNotFoundError, "not found: any sound file; names must end in"),
        ("bad.wav", DataFormatError, "none of the 1 sound files can be used: 1 not_audio"),
    ],
)
def test_new_songs_that_are_none_are_refused(
    name: str, error: type, message: str, root: Path, cache: Path, tmp_path: Path
) -> None:
    if name == "bad.wav":
        (tmp_path / name).write_bytes(b"not sound")
    data = genres(root, cache)
    with pytest.raises(error, match=message):
        data.apply(tmp_path / name, lambda batch: {"probabilities": mean_of(batch["x"])})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, r"n_samples=0: at least 1"),
        ({"seconds": 0.2}, r"seconds=0.2: a window of 2400 samples at 8000 Hz is 0.30 s long"),
    ],
)
def test_windows_that_do_not_fit_are_refused(options: dict, message: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        AudioGenres(str(root), "unused", **{**SOUND, **options})


def test_one_genre_is_none_to_learn(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = (folder / "manifest.csv").read_text().replace(",low,", ",,")
    (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ConfigError, match="6 of 12 clips have a genre, 1 different"):
        genres(folder, cache)


def test_targets_are_the_factors_of_the_played_item(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    assert data.tracks["item"].tolist() == list(range(N_CLIPS))
    norms = np.linalg.norm(data.factors, axis=1, keepdims=True)
    assert data.labels.numpy() == pytest.approx(data.factors / norms, abs=1e-6)
    assert data.head == "factors" and data.dims["n_outputs"] == 3


def test_standardised_targets_are_fitted_on_train_and_turned_back(root: Path, cache: Path) -> None:
    data = factors(root, cache, scaling="standard")
    train = data.labels[data.parts["train"]]
    assert train.mean(dim=0).numpy() == pytest.approx(np.zeros(3), abs=1e-6)
    assert train.std(dim=0, correction=0).numpy() == pytest.approx(np.ones(3), abs=1e-5)
    assert data.scaling.invert(data.labels.numpy()) == pytest.approx(data.factors, abs=1e-5)
    assert data.head == "regression"


def test_clips_are_found_by_name_up_to_case(root: Path, cache: Path) -> None:
    by_id, by_name = factors(root, cache), factors(root, cache, match="names")
    assert by_name.tracks["item"].tolist() == by_id.tracks["item"].tolist()


def test_the_artist_mean_is_of_train_clips_and_else_the_mean_of_all(
    root: Path, cache: Path
) -> None:
    data = factors(root, cache)
    test, train = data.part("test"), data.parts["train"]
    labels = data.labels.numpy()
    guessed = data.nulls()["artist_mean"]["preds"].numpy()
    for row, artist in enumerate(test["artist"]):
        own = train[(data.tracks["artist"].to_numpy()[train] == artist)]
        expected = labels[own if len(own) else train].mean(axis=0)
        assert guessed[row] == pytest.approx(expected, abs=1e-6)
    mean = data.nulls()["mean_factor"]["preds"].numpy()
    assert mean[0] == pytest.approx(labels[train].mean(axis=0), abs=1e-6)


def test_under_an_artist_split_the_artist_mean_is_the_mean(root: Path, cache: Path) -> None:
    nulls = factors(root, cache, split="artist", test_share=0.3).nulls()
    assert nulls["artist_mean"]["preds"].numpy() == pytest.approx(
        nulls["mean_factor"]["preds"].numpy(), abs=1e-6
    )


def test_users_are_known_by_train_clips_and_asked_for_test_clips(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    listening, matrix = data.listening, data.plays.data.plays.toarray()
    train, test = (data.tracks["item"].to_numpy()[data.parts[name]] for name in ("train", "test"))
    expected = np.flatnonzero((matrix[:, train] > 0).any(1) & (matrix[:, test] > 0).any(1))
    assert listening.users.tolist() == expected.tolist()
    ranked = data.ranked(data.factors)
    own = matrix[:, train][expected] @ data.factors[data.parts["train"]]
    songs = data.factors[data.parts["test"]]
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    scores, played = own @ songs.T, matrix[:, test][expected] > 0
    for row in range(len(expected)):
        more, less = scores[row][played[row]], scores[row][~played[row]]
        wins = (more[:, None] > less[None]).mean() if len(less) else np.nan
        assert float(ranked["auc"][row]) == pytest.approx(wins, nan_ok=True)


def test_the_side_task_ranks_random_below_the_upper_bound(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    task = data.side_task(lambda batch: {"preds": mean_of(batch["x"])})
    assert task is not None and set(task.metrics) == set(data.side_metrics())
    assert set(task.nulls) == {"random", "mean_factor", "artist_mean"}
    random, alike = task.nulls["random"]["auc"], task.nulls["mean_factor"]["auc"]
    assert random.tolist() == pytest.approx([0.5] * len(random))
    assert alike.tolist() == pytest.approx(random.tolist())
    assert task.columns["upper_auc"].equal(data.ranked(data.factors)["auc"])
    names = {section.name for section in data.sections(pd.DataFrame(), None)}  # type: ignore[arg-type]
    assert {"table_6_1", "shared_genres", "neighbours", "factors"} == names


def test_nobody_who_played_both_leaves_no_side_task(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    empty = data.listening.held[:0]
    data.listening = type(data.listening)(np.empty(0, int), empty, empty, [10])
    assert data.side_task(lambda batch: {"preds": mean_of(batch["x"])}) is None
    assert set(data.absent()) == set(data.side_metrics())


def test_new_songs_are_set_beside_known_ones(root: Path, cache: Path) -> None:
    data = factors(root, cache)
    again = AudioFactors(plays(cache), root=str(root), cache=str(cache), **SOUND)  # type: ignore[arg-type]
    again.load_state_dict(data.state_dict())
    wanted = data.factors[[4]]
    table = again.apply(root / "audio" / "4.wav", lambda batch: {"preds": torch.from_numpy(wanted)})
    assert table["nearest 1"].tolist() == ["two - song 4"]
    assert table["cosine 1"][0] == pytest.approx(1, abs=1e-5)


def test_queries_are_found_by_name_or_id_and_refused_otherwise(root: Path, cache: Path) -> None:
    assert factors(root, cache, queries=["ONE - song 2", "5"]).asked == [2, 4]
    with pytest.raises(ConfigError, match="no clip is called 'abba'"):
        factors(root, cache, queries=["abba"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "sound"}, "match=sound: choose id or names"),
        ({"scaling": "log"}, "scaling=log: choose one of l2, standard, none"),
        ({"n_factors": 50}, "n_factors=50: at most 12"),
    ],
)
def test_factors_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        factors(root, cache, **options)


def test_sound_and_plays_that_do_not_belong_together_are_refused(
    tmp_path: Path, cache: Path
) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = (folder / "manifest.csv").read_text().replace(".wav,", ".wav,x")
    (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ConfigError, match="0 of 12 clips are among the 13 played items"):
        factors(folder, cache)


def test_neighbours_of_the_same_artist_do_not_count() -> None:
    space = np.array([[1.0, 0], [1, 0.1], [0.9, 0.2], [0, 1]])
    kinds, artists = np.array(["a", "a", "b", "a"]), np.array(["x", "x", "y", "z"])
    assert same_genre(None, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, kinds, artists)[0] == pytest.approx(1 / 2)
    assert same_genre(space, np.array(["", "a", "a", "a"]), artists)[0] != 0  # NaN: no genre
    alone = same_genre(space, kinds, np.array(["x"] * 4))
    assert np.isnan(alone).all()


def test_tags_are_the_frequent_ones_of_train(root: Path, cache: Path) -> None:
    data = tags(root, cache, n_tags=2)
    assert data.names[0] == "loud" and data.names[1] in GENRES
    assert data.labels[:, 0].eq(1).all()
    assert data.labels[:, 1].tolist() == [
        float(genre == data.names[1]) for genre in data.tracks["genre"]
    ]


def test_fewer_labels_are_a_part_of_more(root: Path, cache: Path) -> None:
    rows = [set(tags(root, cache, label_share=share).train_rows()) for share in (0.3, 0.6, 1.0)]
    assert rows[0] < rows[1] < rows[2] and len(rows[0]) == round(0.3 * len(rows[2]))


def test_all_inputs_are_tested_on_the_same_clips(root: Path, cache: Path) -> None:
    wanted = ["audio", "mfcc", "factors", "predicted_factors", "mfcc+factors"]
    found = [tags(root, cache, inputs=name) for name in wanted]
    assert len({tuple(data.part("test")["track_id"]) for data in found}) == 1
    sizes = [data.dims.get("input_dim") for data in found]
    assert sizes == [None, 819, 3, 3, 822]
    batch = next(iter(found[4].test_dataloader()))
    assert batch["x"].shape[1] == 822 and batch["target"].shape[1] == len(found[4].names)


def test_predicted_factors_of_a_clip_never_come_from_its_own(root: Path, cache: Path) -> None:
    data = tags(root, cache, inputs="predicted_factors")
    before = data.x.numpy()
    data.factors = data.factors.copy()
    clip = int(data.parts["train"][0])
    data.factors[clip] += 100
    after = predicted_factors(data)
    assert after[clip] == pytest.approx(before[clip], rel=1e-4)
    test = data.parts["test"]
    assert not np.allclose(after[test], before[test])


def test_the_tag_prior_is_of_the_known_labels(root: Path, cache: Path) -> None:
    data = tags(root, cache, label_share=0.6)
    own = data.labels[torch.from_numpy(data.train_rows())].mean(dim=0)
    assert data.nulls()["tag_prior"]["scores"][0].tolist() == pytest.approx(own.tolist())


def test_tags_of_new_songs_come_with_probabilities(root: Path, cache: Path) -> None:
    data = tags(root, cache)
    n_tags = len(data.names)
    table = data.apply(
        root / "audio", lambda b: {"scores": mean_of(b["x"])[:, :1].expand(-1, n_tags)}
    )
    assert len(table) == N_CLIPS and set(table["tag 1"]) <= set(data.names)
    probe = tags(root, cache, inputs="mfcc")
    with pytest.raises(ConfigError, match=r"a run with dataset\.inputs=mfcc cannot be applied"):
        probe.apply(root / "audio", lambda batch: {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "mfcc+audio"}, r"inputs=mfcc\+audio: audio, or some of mfcc"),
        ({"label_share": 0.0}, "label_share=0.0: above 0"),
        ({"n_tags": 0}, "n_tags=0: at least 1"),
    ],
)
def test_tags_that_cannot_be_are_refused(
    options: dict, message: str, root: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        tags(root, cache, **options)


def test_factors_need_plays(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"inputs=factors: set dataset\.plays"):
        AudioTags(None, inputs="factors", root=str(root), cache="unused", **SOUND)  # type: ignore[arg-type]


@pytest.mark.parametrize(("tagged", "message"), [(3, "3 of 12 clips have tags"), (6, "no tag is")])
def test_too_few_tags_are_refused(tagged: int, message: str, tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    lines = (folder / "manifest.csv").read_text().splitlines()
    kept = [
        line.rpartition(",")[0] + (f",tag {i}" if 0 < i <= tagged else ",")
        for i, line in enumerate(lines)
    ]
    (folder / "manifest.csv").write_text("\n".join([lines[0], *kept[1:]]) + "\n")
    with pytest.raises(ConfigError, match=message):
        tags(folder, cache)
