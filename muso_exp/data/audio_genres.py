"""Clips of sound with a genre each."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from muso_exp.data.sound.clip_data import AudioData
from muso_exp.errors import ConfigError
from muso_exp.formats.sound.genre_folders import why_no_genres
from muso_exp.sound.loudness import clip_loudness
from muso_exp.tasks.genre_recognition.new_songs import SongGenres
from muso_exp.tasks.genre_recognition.task import GenreRecognition
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.sound_clips import SoundClips


class AudioGenres(AudioData):
    """Clips with one genre each; those without are not used.

    Attributes:
        names: of the genres, ascending.

    Source: document 5, section V-D. Deviation: its genres and clips are not published.
    """

    name = "audio_genres"
    head = "genres"

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks with a genre.

        Raises:
            ConfigError: fewer than two genres.
        """
        chosen = tracks[tracks["genre"] != ""]
        self.names = sorted(chosen["genre"].unique().tolist())
        if len(self.names) < 2:
            advice = "" if self.root is None else why_no_genres(self.root.absolute())
            if tracks["tags"].str.len().any():
                advice = "these clips have tags, which dataset=audio_tags learns"
            raise ConfigError(
                f"dataset.root={self.root}: {len(chosen)} of {len(tracks)} clips have a genre, "
                f"{len(self.names)} different ones; at least two are needed"
                + (f"; {advice}" if advice else "")
            )
        return chosen

    def learn(self) -> Tensor:
        """Return the number of each clip's genre, shape (n_clips,)."""
        numbers = np.searchsorted(self.names, self.tracks["genre"].to_numpy(str))
        return torch.from_numpy(numbers.astype(np.int64))

    def n_outputs(self) -> int:
        """Return the number of genres."""
        return len(self.names)

    def make_task(self, clips: SoundClips) -> GenreRecognition:
        """Return the task "of which genre is this clip?"."""
        loudness = clip_loudness(self.store, self.cache)[self.clips]
        return GenreRecognition(clips, self.names, loudness)

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the genres; Lightning keeps them in every checkpoint."""
        return {"names": self.names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.names = state_dict["names"]

    def new_songs(self, clips: NewClips) -> SongGenres:
        """Return new songs whose genre is asked for."""
        return SongGenres(clips, self.names)
