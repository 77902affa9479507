"""The simulated world as a folder of sound."""

from pathlib import Path

import numpy as np
import pytest

from muso_exp.data.sound.simulated_sound import SoundWorld, sound_folder
from muso_exp.errors import ConfigError
from muso_exp.formats.sound.layouts import read_tracks


def world(n_clips: int) -> SoundWorld:
    sizes = {"users": 20, "artists": 30, "genres": 3, "per_artist": 2, "seed": 0}
    return SoundWorld(clips=n_clips, seconds=1.0, sample_rate=8000, **sizes)  # type: ignore[arg-type]


def test_sound_and_listening_lie_side_by_side_under_the_same_ids(cache: Path) -> None:
    folder = sound_folder(world(6), cache, workers=1)
    tracks = read_tracks(folder)
    assert len(tracks) == 6 and all(Path(path).is_file() for path in tracks["path"])
    assert (tracks["artist"] != "").all() and (tracks["genre"] != "").all()
    played = np.loadtxt(folder / "LFM-1b_LEs.txt", dtype=np.int64, usecols=3)
    assert set(tracks["track_id"].astype(int)) <= set(played.tolist())
    names = dict(
        line.split("\t")[:2] for line in (folder / "LFM-1b_tracks.txt").read_text().splitlines()
    )
    assert [names[i] for i in tracks["track_id"]] == tracks["title"].tolist()


def test_more_clips_than_there_is_music_are_refused(cache: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.world: no such world .* n_tracks must be"):
        sound_folder(world(10_000), cache, workers=1)
