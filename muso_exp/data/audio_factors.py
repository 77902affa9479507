"""Clips of sound with the factors that WMF learned from listening."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor

from muso_exp.data.content.clip_inputs import Known, clip_fields, clip_inputs, require_parts
from muso_exp.data.content.sound_numbers import check_embedder, sound_numbers
from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.cached_factors import cached_factors
from muso_exp.data.sound.clip_data import SOUND, AudioData
from muso_exp.data.sound.clip_items import (
    Match,
    played_tracks,
    prepare_factors,
    read_plays,
)
from muso_exp.data.sound.splits import group_names, kept_share
from muso_exp.features.als import FactorOptions
from muso_exp.features.factor_scaling import FactorScaling
from muso_exp.features.matching import find_item
from muso_exp.options import Cutoffs, Options, PositiveShare
from muso_exp.sound.loudness import clip_loudness
from muso_exp.tasks.factor_regression.factor_clips import FactorClips
from muso_exp.tasks.factor_regression.listening_test import ListeningTest
from muso_exp.tasks.factor_regression.new_songs import SongFactors
from muso_exp.tasks.factor_regression.task import FactorRegression
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.sound_clips import SoundClips

N_QUERIES = 3  # test clips whose neighbours are shown where none are named


class RecommendationOptions(Options, frozen=True, kw_only=True):
    """How the factors are tested as a recommender.

    Attributes:
        cutoffs: the k of the metrics.
        queries: clips (names or ids) whose neighbours are shown; none: the most played test clips.
    """

    cutoffs: Cutoffs
    queries: Sequence[str]


class AudioFactors(AudioData):
    """Clips with the factors that WMF learned from listening, and what users played of them.

    As in the thesis, WMF sees all plays, those of test clips too: what is tested is the factors
    that a network hears in songs it was not trained on. In the test of recommendation a user is
    known by plays of train clips alone.

    Args:
        plays: the data set of plays; without a root of its own it lies beside the sound.
        factors: how WMF learns them.
        recommendation: how they are tested as a recommender.
        match: how a clip is found among the played items: `id`, or `names` (artist and title up
            to case, the most played of several).
        inputs: what a model is given of a clip, parts joined by `+`: `audio`, windows for a
            network; vectors for `model=ridge`: `metadata` (all fields that are there) or some of
            `artist`, `genre`, `tags`, `year`, `place`, as TF-IDF; `mfcc` (the bag), `contrast`,
            `chroma`, `loudness`, `embedding`. Beside `audio` vectors are what is known before: the
            network learns what they leave over.
        embedder: the network whose embedding, as it is, is the part `embedding` (musicnn).
        train_share: share of the train clips that factors are known of; a smaller share is part of
            a larger one, and users are known by all train clips whatever it is.
        shuffled: deal what a model is given out anew among the clips: the null of every
            representation.
        scaling: `l2` (head factors), `standard` or `none` (head regression); see
            `muso_exp.features.factor_scaling`.
        keep_layers: whether the network's inner layers of all clips are kept with its factors, for
            `audio_tags` to learn tags from.
        **audio: see `muso_exp.data.sound.clip_data.AudioData`.

    Source: thesis chapter 6; document 5, section V-D (`standard` or `none`).
    """

    name = "audio_factors"
    task: FactorRegression

    def __init__(
        self,
        plays: Plays,
        factors: FactorOptions,
        recommendation: RecommendationOptions,
        match: Match = "id",
        scaling: Literal["l2", "standard", "none"] = "l2",
        keep_layers: bool = False,
        inputs: str = SOUND,
        embedder: pl.LightningModule | None = None,
        shuffled: bool = False,
        train_share: PositiveShare = 1.0,
        **audio: Any,
    ) -> None:
        super().__init__(**audio)
        self.inputs, self.embedder, self.shuffled = require_parts(inputs), embedder, shuffled
        check_embedder(inputs, self.inputs, embedder)
        self.other_vectors: np.ndarray | None = None  # (n_clips, D), what others are given
        self.keep_layers, self.train_share = keep_layers, train_share
        self.plays, self.match, self.how = plays, match, scaling
        self.head = "factors" if scaling == "l2" else "regression"
        self.recommendation = recommendation
        self.options = factors

    def prepare_data(self) -> None:
        """Decode the clips, read the plays and fit the factors, each once.

        Raises:
            DatasetNotFoundError: files of the sound or of the plays are missing.
            DataFormatError: a table of another form, or no sound file that can be used.
            ConfigError: more factors than users or items.
        """
        super().prepare_data()
        prepare_factors(self.plays, self.folder(), self.options, self.cache)

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks with any play.

        Raises:
            ConfigError: too few of them.
        """
        return played_tracks(read_plays(self.plays, self.folder()), tracks, self.match)

    def learn(self) -> Tensor:
        """Return the scaled factors of each clip, shape (n_clips, n_factors).

        Raises:
            ConfigError: inputs that the clips do not have.
        """
        items = self.tracks["item"].to_numpy()
        self.factors = cached_factors(self.plays, self.options, self.cache)["item_factors"][items]
        self.scaling = FactorScaling.fit(self.factors[self.train_rows()], self.how)
        target = self.scaling.apply(self.factors)
        self._take_inputs(target)
        return torch.from_numpy(target)

    def _take_inputs(self, target: np.ndarray) -> None:
        """Fill what a model is given: vectors, or what they say of targets (n_clips, n_factors)."""
        if self.shuffled and SOUND in self.inputs:
            self.clips = np.random.default_rng(self.seed).permutation(self.clips)
        parts = [name for name in self.inputs if name != SOUND]
        if not parts:
            return
        train, fields = self.train_rows(), clip_fields(self.tracks, self.plays.data)
        length = self.window_options
        sound = sound_numbers(self.store, self.clips, self.cache, length, self.embedder)
        found = clip_inputs(parts, fields, sound, train)
        others = found.shuffled(self.seed).dense()
        self.other_vectors, x = others, others if self.shuffled else found.dense()
        if SOUND in self.inputs:
            by_artist = self.split_options.by == "artist"
            own = group_names(self.tracks) if by_artist else np.arange(len(x))
            self.offset = torch.from_numpy(Known(x, train, own).predict(target))
        else:
            self.x = torch.from_numpy(x)
            self.dims["n_inputs"] = x.shape[1]

    def train_rows(self) -> np.ndarray:
        """Return the train clips that factors are known of."""
        ids = self.tracks["track_id"].astype(str)
        return kept_share(self.parts["train"], ids, self.train_share, self.seed + 2)

    def n_outputs(self) -> int:
        """Return the number of factors."""
        return self.factors.shape[1]

    def make_task(self, clips: SoundClips) -> FactorRegression:
        """Return the task "which latent factors has this song?"."""
        plays = self.plays.data
        played = plays.plays[:, self.tracks["item"].to_numpy()]  # (n_users, n_clips)
        train, test = (played[:, self.parts[name]] for name in ("train", "test"))
        listening = ListeningTest.of(train, test, self.recommendation.cutoffs)
        rows = FactorClips(
            clips=clips,
            factors=self.factors,
            scaling=self.scaling,
            loudness=clip_loudness(self.store, self.cache)[self.clips],
            listeners=np.diff(played.tocsc().indptr),
            shuffled=self.other_vectors,
            known=self.train_rows(),
            listening=listening,
            users=plays.users[listening.users],
            queries=self._query_clips(clips.names(), np.diff(played.tocsc().indptr)),
            n_users=plays.plays.shape[0],
            n_items=plays.plays.shape[1],
            match=self.match,
            notes=list(plays.notes),
        )
        every = self.windows(np.arange(len(self.tracks)))
        return FactorRegression(rows, self.loader(every, shuffle=False), self.keep_layers)

    def explored(self) -> dict[str, np.ndarray]:
        """Return how much each clip is played, and how long its vector of factors is."""
        plays = self.plays.data.plays[:, self.tracks["item"].to_numpy()]
        listeners = np.diff(plays.tocsc().indptr)
        return {
            "log10 listeners": np.log10(np.maximum(listeners, 1)),
            "norm of the factors": np.linalg.norm(self.factors, axis=1).astype(np.float64),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the scaling and the known clips with their true factors."""
        names = self.task.rows.clips.names()
        factors = torch.from_numpy(self.factors)
        return {"scaling": self.scaling.state(), "names": names, "factors": factors}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.scaling = FactorScaling.from_state(state_dict["scaling"])
        self.known_names, self.factors = state_dict["names"], np.asarray(state_dict["factors"])

    def new_songs(self, clips: NewClips) -> SongFactors:
        """Return new songs whose factors are predicted."""
        return SongFactors(clips, self.scaling, self.known_names, self.factors)

    def _query_clips(self, names: list[str], listeners: np.ndarray) -> list[int]:
        """Return the clips whose neighbours are shown.

        Args:
            names: of all clips.
            listeners: of each clip, shape (n_clips,).

        Raises:
            ConfigError: a clip that is not there.
        """
        queries = [str(query) for query in self.recommendation.queries]
        if not queries:
            test = self.parts["test"]
            return test[np.argsort(-listeners[test], kind="stable")[:N_QUERIES]].tolist()
        ids, option = self.tracks["track_id"].astype(str).tolist(), "dataset.recommendation.queries"
        return [find_item(query, ids, names, option) for query in queries]
