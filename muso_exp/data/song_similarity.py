"""Clips of sound, alike by one kind of vectors and by another: sound against metadata."""

from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor

from muso_exp.data.base import NewInput
from muso_exp.data.content.clip_inputs import AUDIO, clip_fields, clip_inputs, require_parts
from muso_exp.data.content.sound_numbers import check_embedder, sound_numbers
from muso_exp.data.sound.clip_data import AudioData
from muso_exp.errors import ConfigError
from muso_exp.features.factor_scaling import unit_rows
from muso_exp.sound.loudness import clip_loudness
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.song_similarity.song_pairs import SongPairs
from muso_exp.tasks.song_similarity.task import SongSimilarity
from muso_exp.tasks.sound_clips import SoundClips

LEAST = 3  # clips that are compared


class SongSimilarityData(AudioData):
    """Clips with how alike each test clip is to all others by `against`; a model says by `inputs`.

    Clips of one artist are not compared. Nothing is learned of likeness: scales of sound and
    frequencies of metadata are those of all clips, and all clips are candidates.

    Args:
        inputs: parts of vectors joined by `+`, see `muso_exp.data.audio_factors.AudioFactors`.
        against: the same, of the likeness that it is set beside.
        embedder: the network of the part `embedding`.
        **audio: see `muso_exp.data.sound.clip_data.AudioData`.

    Raises:
        ConfigError: an unknown part, or `audio`: windows are no vectors.

    Source: document 5, its question which songs are close in sound and far in metadata.
    """

    name = "song_similarity"
    task: SongSimilarity
    head = "similarity"

    def __init__(
        self,
        inputs: str = "mfcc",
        against: str = "metadata",
        embedder: pl.LightningModule | None = None,
        **audio: Any,
    ) -> None:
        super().__init__(**audio)
        self.inputs, self.against = require_parts(inputs), require_parts(against)
        if AUDIO in (*self.inputs, *self.against):
            raise ConfigError(
                f"dataset.inputs={inputs} dataset.against={against}: audio is no vector; take "
                "mfcc, contrast, chroma, loudness or embedding"
            )
        check_embedder(f"{inputs} dataset.against={against}", self.inputs + self.against, embedder)
        self.embedder = embedder

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return all decoded tracks.

        Raises:
            ConfigError: too few of them.
        """
        if len(tracks) < LEAST:
            raise ConfigError(
                f"dataset.root={self.root}: {len(tracks)} clips, at least {LEAST} are needed"
            )
        return tracks

    def learn(self) -> Tensor:
        """Return how alike clips are by `against`, (n_clips, n_clips); NaN: of one artist.

        Raises:
            ConfigError: parts that the clips do not have, or clips of one artist alone.
        """
        every, fields = np.arange(len(self.tracks)), clip_fields(self.tracks)
        length = self.window_options
        sound = sound_numbers(self.store, self.clips, self.cache, length, self.embedder)
        inputs = clip_inputs(self.inputs, fields, sound, every)
        self.x = torch.from_numpy(inputs.dense())
        self.shuffled = inputs.shuffled(self.seed).dense()
        self.dims |= {"n_inputs": self.x.shape[1], "n_songs": len(every)}
        units = unit_rows(clip_inputs(self.against, fields, sound, every).dense())
        likeness = units @ units.T
        likeness[np.equal.outer(self.artists, self.artists)] = np.nan
        if np.isnan(likeness).all():
            raise ConfigError("all clips are of one artist; clips of several are compared")
        return torch.from_numpy(likeness.astype(np.float32))

    def train_rows(self) -> np.ndarray:
        """Return all clips: any may be alike."""
        return np.arange(len(self.tracks))

    def n_outputs(self) -> int:
        """Return the number of clips."""
        return len(self.tracks)

    def make_task(self, clips: SoundClips) -> SongSimilarity:
        """Return the task "which other songs is this one like?"."""
        loudness = clip_loudness(self.store, self.cache)[self.clips]
        parts = ("+".join(self.inputs), "+".join(self.against))
        return SongSimilarity(SongPairs(clips, self.shuffled, loudness, *parts))

    def new_songs(self, clips: NewClips) -> NewInput:
        """Raise: similarity is of the clips of the data set.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("a run on the data set song_similarity cannot be applied to new songs")
