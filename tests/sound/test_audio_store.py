"""The audio store: what it holds, and that no file, no kill and no second process harms it."""

import errno
import logging
import os
import pickle
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from damaged_sound import RATE, music, write_damaged
from msgspec.structs import replace
from tiny_store import OPTIONS, N, good_files, good_store, table
from worker_tasks import strange_clip

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.sound import shards
from muso_exp.sound.clips import ClipOptions, read_clip, write_clip
from muso_exp.sound.store import AudioStore, StoreOptions, build_store, summary
from muso_exp.sound.workers import Limits, run_each


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_files(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def store(sound: Path) -> AudioStore:
    return good_store(sound)


def test_a_clip_is_the_middle_of_its_file(store: AudioStore) -> None:
    assert len(store) == 8
    for i, path in enumerate(store.index["path"]):
        clip, facts = read_clip(Path(path), OPTIONS.clip)
        np.testing.assert_array_equal(store.clip(i), clip)
        row = store.index.iloc[i]
        assert (row["seconds"], row["start"]) == pytest.approx((6.0, 1.0), abs=0.01)
        assert (row["n_filled"], row["digest"]) == (N, facts.digest)


def test_the_middle_at_another_rate_is_the_middle_of_the_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(), RATE, subtype="FLOAT")
    clip, facts = read_clip(tmp_path / "x.wav", ClipOptions(RATE, 2.0, "centre", 1.0))
    expected = np.rint(music()[2 * RATE : 4 * RATE] * 32767)
    np.testing.assert_array_equal(clip, expected)
    assert (facts.start, facts.n_filled) == (2.0, 2 * RATE)


def test_a_short_file_is_padded_at_its_end(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(3.0), RATE)
    clip, facts = read_clip(tmp_path / "x.wav", ClipOptions(16_000, 4.0, "centre", 1.0))
    assert (len(clip), facts.n_filled) == (N, 48_000)
    assert clip[47_000:48_000].any()
    assert not clip[48_000:].any()


def test_a_clip_may_begin_where_the_file_begins(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", music(), RATE, subtype="FLOAT")
    clip, facts = read_clip(tmp_path / "x.wav", ClipOptions(RATE, 1.0, "start", 1.0))
    np.testing.assert_array_equal(clip, np.rint(music()[:RATE] * 32767))
    assert facts.start == 0


def test_too_loud_a_sample_is_clipped_and_not_wrapped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.clip(music() * 20, -3, 3), RATE, subtype="FLOAT")
    clip, _ = read_clip(tmp_path / "x.wav", ClipOptions(RATE, 1.0, "start", 1.0))
    assert (clip.max(), clip.min()) == (32767, -32767)


def test_crops_are_parts_of_clips_between_minus_one_and_one(store: AudioStore) -> None:
    rng = np.random.default_rng(0)
    clips, starts = rng.integers(8, size=20), rng.integers(0, N - 999, size=20)
    batch = store.crops(clips, starts, 1000)
    assert (batch.shape, batch.dtype) == ((20, 1000), np.float32)
    for row, (i, start) in enumerate(zip(clips, starts, strict=True)):
        expected = store.clip(i)[start : start + 1000] / 32767
        np.testing.assert_allclose(batch[row], expected, atol=1e-7)
    assert 0.1 < np.abs(batch).max() <= 1


def test_crops_fill_the_buffer_that_they_are_given(store: AudioStore) -> None:
    out = np.full((2, N), 9.0, np.float32)
    batch = store.crops(np.array([3, 3]), np.array([0, 0]), N, out)
    assert batch is out
    np.testing.assert_array_equal(out[0], out[1])
    assert np.abs(out).max() <= 1


@pytest.mark.parametrize("starts", [[-1, 0], [0, N - 999]])
def test_a_crop_that_leaves_its_clip_is_refused(store: AudioStore, starts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"starts must be 0 to 63000 for parts of 1000 samples"):
        store.crops(np.array([0, 1]), np.array(starts), 1000)


def test_a_store_that_goes_to_another_process_leaves_its_maps_behind(store: AudioStore) -> None:
    first = store.clip(0).copy()
    content = pickle.dumps(store)
    assert len(content) < 2 * N
    np.testing.assert_array_equal(pickle.loads(content).clip(0), first)


def test_a_store_is_made_once(
    sound: Path, store: AudioStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "run_each", None)
    again = build_store(table(sorted((sound / "good").iterdir())), sound / "cache", OPTIONS)
    assert (again.folder, again.fingerprint) == (store.folder, store.fingerprint)


def test_the_fingerprint_is_of_the_content_and_not_of_places(
    sound: Path, store: AudioStore, tmp_path: Path
) -> None:
    for path in (sound / "good").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tracks = table(sorted(tmp_path.iterdir()))
    moved = build_store(tracks, tmp_path / "cache", OPTIONS)
    assert moved.fingerprint == store.fingerprint
    tracks["track_id"] = tracks["track_id"].iloc[::-1].to_numpy()
    assert build_store(tracks, tmp_path / "cache", OPTIONS).fingerprint != store.fingerprint
    soundfile.write(tmp_path / "good_003.wav", music(6.0, 99), RATE)
    changed = build_store(table(sorted(tmp_path.glob("*.*"))), tmp_path / "cache", OPTIONS)
    assert changed.fingerprint != store.fingerprint


def test_34_damaged_files_cost_nothing_but_themselves(
    sound: Path, store: AudioStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codes = write_damaged(tmp_path / "bad")
    good = [Path(path) for path in store.index["path"]]
    mixed = sorted([*good, *(tmp_path / "bad" / name for name in codes)], key=lambda p: p.name)
    caplog.set_level(logging.INFO)
    small = replace(OPTIONS, memory_limit=2**27)  # 128 MiB: of a longer file, code `memory`
    found = build_store(table(mixed), tmp_path / "cache", small)
    assert list(found.index["track_id"]) == [path.name for path in good]
    assert found.fingerprint == store.fingerprint
    np.testing.assert_array_equal(found.clip(7), store.clip(7))
    quarantine = found.quarantine.set_index("track_id")
    assert quarantine["code"].to_dict() == codes
    assert quarantine.loc["rate_1.wav", "detail"].startswith("sample rate 1 Hz")
    line = next(m for m in caplog.messages if m.startswith("audio store:"))
    assert "8 clips of 4 s at 16000 Hz; 34 files in quarantine (9 cut, 4 not_audio" in line


def test_two_tracks_with_one_id_are_refused(sound: Path, tmp_path: Path) -> None:
    tracks = table(sorted((sound / "good").iterdir())).assign(track_id="same")
    with pytest.raises(DataFormatError, match="two tracks with one id, got 'same'"):
        build_store(tracks, tmp_path, OPTIONS)


def test_a_folder_without_one_good_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).write_bytes(b"")
    paths = [tmp_path / "a.mp3", tmp_path / "b.mp3"]
    problem = r"none of the 2 sound files can be used: 2 empty; the first: .*a.mp3: no bytes"
    with pytest.raises(DataFormatError, match=problem):
        build_store(table(paths), tmp_path / "cache", OPTIONS)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_full_disk_is_reported_before_anything_is_decoded(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ConfigError, match="cannot be written: No space left on device"):
        build_store(table(sorted((sound / "good").iterdir())), tmp_path, OPTIONS)
    assert not list(tmp_path.glob("*/store.json"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": "end"}, "Invalid enum value 'end' - at `[$].crop`"),
        ({"workers": 0}, "Expected `int` >= 1 - at `[$].workers`"),
        ({"seconds": 1e-9}, "seconds=1e-09: not one sample at 16000 Hz"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    given = msgspec.to_builtins(OPTIONS) | options
    with pytest.raises((ConfigError, msgspec.ValidationError), match=message):
        msgspec.convert(given, StoreOptions)


def test_a_store_of_no_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="no tracks"):
        build_store(table([]), tmp_path, OPTIONS)


def test_files_that_hang_eat_or_kill_a_worker_are_three_rows_of_the_quarantine(
    sound: Path, store: AudioStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "write_clip", strange_clip)
    tracks = table(sorted((sound / "good").iterdir()))
    options = replace(OPTIONS, time_limit=1.0, memory_limit=2**28)
    found = build_store(tracks, tmp_path, options)
    assert list(found.quarantine["code"]) == ["timeout", "memory", "crashed"]
    assert summary(found).endswith(f"; remove {found.folder} to try these again")
    assert list(found.index["track_id"]) == list(tracks["track_id"][3:])
    np.testing.assert_array_equal(found.clip(0), store.clip(3))


@pytest.mark.data
def test_100_real_songs_beside_34_damaged_ones(real_data: Path, tmp_path: Path) -> None:
    songs = sorted((real_data / "emotify-audio" / "audio").glob("*/*.mp3"))
    codes = write_damaged(tmp_path / "bad")
    paths = songs + [tmp_path / "bad" / name for name in codes]
    tracks = table(paths).assign(track_id=[f"{p.parent.name}/{p.name}" for p in paths])
    store = build_store(tracks, tmp_path / "cache", replace(OPTIONS, seconds=20.0, workers=2))
    assert len(store) == 100
    found = dict(zip(store.quarantine["track_id"], store.quarantine["code"], strict=True))
    assert found == {f"bad/{name}": code for name, code in codes.items()}
    assert (store.index["n_filled"] == 320_000).all()


def test_a_shard_may_be_larger_than_the_memory_of_a_worker(sound: Path, tmp_path: Path) -> None:
    path, shard = next((sound / "good").iterdir()), tmp_path / "shard.npy"
    n_rows = 20_000  # 2.4 GiB of rows; the file is sparse
    rows = np.lib.format.open_memmap(shard, "w+", np.int16, (n_rows, OPTIONS.clip.n_samples))
    task = (str(path), str(shard), n_rows - 1)
    ((_, facts),) = run_each(
        partial(write_clip, OPTIONS.clip), [task], 1, Limits(memory=OPTIONS.memory_limit)
    )
    clip, expected = read_clip(path, OPTIONS.clip)
    assert facts == expected
    np.testing.assert_array_equal(rows[-1], clip)
    assert not rows[-2].any()
