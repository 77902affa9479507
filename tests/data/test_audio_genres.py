"""Genres of sound, and what all data sets of sound share, on twelve tones."""

import logging
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from sound_tasks import Heard, genres, made, mean_of
from tiny_sound import (
    ARTISTS,
    GENRES,
    RATE,
    WINDOW,
    write_sound_folder,
    write_tone,
)
from torch import Tensor

from muso_exp.data.audio_genres import AudioGenres
from muso_exp.errors import ConfigError, DataFormatError, DatasetNotFoundError
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.records import Finding
from muso_exp.tasks.base import Answer


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_folder(tmp_path_factory.mktemp("sound"))


def audited(data: AudioGenres) -> list[Finding]:
    return data.task.audit(Answer(None, {}, Bootstrap(10)))


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


def test_the_audit_counts_shared_artists_repeated_sound_and_quarantine(
    tmp_path: Path, cache: Path
) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    (folder / "audio" / "0.wav").write_bytes((folder / "audio" / "11.wav").read_bytes())
    (folder / "audio" / "1.wav").write_bytes(b"not sound")
    found = {finding.check: finding for finding in audited(genres(folder, cache))}
    assert found["files_in_quarantine"].value == 1
    assert found["quarantine_not_audio"].value == 1
    assert found["test_artists_in_train"].level == "warning"
    assert "1 of all 11 clips repeat another one" in found["test_sound_in_train"].text


def test_an_artist_split_shares_no_artist(root: Path, cache: Path) -> None:
    data = genres(root, cache, split={"by": "artist", "test_share": 0.3})
    found = {finding.check: finding for finding in audited(data)}
    assert found["test_artists_in_train"].value == 0
    assert set(data.task.units[:, 0]) < {f"artist {name}" for name in ARTISTS}


def test_the_fingerprint_depends_on_split_and_targets(root: Path, cache: Path) -> None:
    one, same = genres(root, cache), genres(root, cache)
    other = genres(root, cache, split={"n_folds": 3, "fold": 1})
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_genres_of_new_songs_come_with_confidence(
    root: Path, cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = genres(root, cache)
    again = made("audio_genres", root, cache)
    again.load_state_dict(data.state_dict())
    write_tone(tmp_path / "b.wav", 300)
    write_tone(tmp_path / "a.wav", 900)
    (tmp_path / "bad.mp3").write_bytes(b"no sound")
    with caplog.at_level(logging.WARNING):
        model = Heard(lambda b: {"probabilities": mean_of(b["x"])[:, 1:]})
        table = again.read_new(tmp_path).apply(model)
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
        data.read_new(tmp_path / name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": {"n_samples": -1}}, r"windows.n_samples=-1: int >= 0"),
        (
            {"store": {"seconds": 0.2}},
            r"store.seconds=0.2: a window of 2400 samples",
        ),
    ],
)
def test_windows_that_do_not_fit_are_refused(options: dict, message: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        made("audio_genres", root, Path("unused"), **options)


def test_one_genre_is_none_to_learn(tmp_path: Path, cache: Path) -> None:
    folder = write_sound_folder(tmp_path / "sound")
    manifest = (folder / "manifest.csv").read_text().replace(",low,", ",,")
    (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ConfigError, match="6 of 12 clips have a genre, 1 different"):
        genres(folder, cache)


def test_a_folder_too_high_and_clips_with_tags_alone_are_pointed_on(
    tmp_path: Path, cache: Path
) -> None:
    for genre in ("rock", "jazz"):
        (tmp_path / "Music" / genre).mkdir(parents=True)
        write_tone(tmp_path / "Music" / genre / "a.wav", 440)
    with pytest.raises(ConfigError, match=r"set dataset.root=.*/Music, which holds jazz, rock"):
        genres(tmp_path, cache)
    (tmp_path / "Music" / "jazz").rename(tmp_path / "Music" / "0")
    (tmp_path / "Music" / "rock").rename(tmp_path / "Music" / "1")
    with pytest.raises(
        ConfigError, match=r"its folders are numbers \(0, 1\), which name no genres"
    ):
        genres(tmp_path / "Music", cache)
    rows = ["path,track_id,tags", "Music/0/a.wav,0,slow", "Music/1/a.wav,1,"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(ConfigError, match="have tags, which dataset=audio_tags learns"):
        genres(tmp_path, cache)


def test_a_genre_of_which_no_file_can_be_used_is_named(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSO_LIBSNDFILE_ALONE", "1")
    folder = write_sound_folder(tmp_path / "sound")
    with (folder / "manifest.csv").open("a") as manifest:
        manifest.write("audio/12.m4a,13,four,song,lost,\n")
    (folder / "audio" / "12.m4a").write_bytes(b"....ftypM4A ")
    found = {finding.check: finding for finding in audited(genres(folder, cache))}
    assert (found["lost_genres"].value, found["lost_genres"].level) == (1, "warning")
    assert found["lost_genres"].text.endswith("can be used: lost")
    assert "convert it" in found["quarantine_other_format"].text
