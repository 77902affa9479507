"""Clips of sound with tags, and the vectors that stand in for their sound."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from muso_exp.data.plays import Plays
from muso_exp.data.recommendation.cached_factors import cached_factors
from muso_exp.data.sound.clip_data import SOUND, AudioData
from muso_exp.data.sound.clip_items import (
    Match,
    played_tracks,
    prepare_factors,
    read_plays,
)
from muso_exp.data.sound.clip_vectors import (
    HEARD,
    clip_bags,
    clip_vectors,
    heard_test_clips,
    heard_vectors,
    require_inputs,
)
from muso_exp.data.sound.splits import kept_share
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.options import Count, Options, PositiveShare
from muso_exp.sound.loudness import clip_loudness
from muso_exp.tasks.new_clips import NewClips
from muso_exp.tasks.sound_clips import SoundClips
from muso_exp.tasks.tagging.clip_tagging import ClipTagging
from muso_exp.tasks.tagging.new_songs import SongTags
from muso_exp.tasks.tagging.probe import log_popularity
from muso_exp.tasks.tagging.tagged_clips import TaggedClips

log = logging.getLogger(__name__)

LEAST = 5  # train clips that carry a tag, or it is no tag to learn


class TagLabels(Options, frozen=True, kw_only=True):
    """Which tags are learned, and of which clips they are known.

    Attributes:
        n_tags: at most so many, the most frequent.
        label_share: share of the train and validation clips whose tags are known; a smaller share
            is part of a larger one.
    """

    n_tags: Count
    label_share: PositiveShare


class AudioTags(AudioData):
    """Clips with the most frequent tags of the train clips.

    Args:
        factors: how WMF learns those of the inputs that need them.
        labels: which tags are learned, and of which clips they are known.
        plays: the data set of plays that `factors` come from; None where they are not asked for.
            Given, all inputs are tested on the same clips: those with any play.
        inputs: `audio`, windows for a network; or vectors for a probe, joined by `+`: `mfcc`, a
            bag of the clip's cepstral coefficients; `factors`, those that WMF learned from all
            plays; `predicted_factors`, heard in the bag (see `muso_exp.data.sound.clip_vectors`);
            `heard_factors` and `heard_layers`, of the network of another run.
        heard: folder of that run, of `samplecnn_factors`; None where it is not asked for.
        match: see `muso_exp.data.audio_factors.AudioFactors`.
        **audio: see `muso_exp.data.sound.clip_data.AudioData`.

    Raises:
        ConfigError: an unknown option, or factors without plays.

    Source: thesis section 6.2.1, and its future work (fewer labels, ensembles). Deviation: the
    published split of the Million Song Dataset is not at hand; `split_list` takes it.
    """

    name = "audio_tags"
    head = "tags"

    def __init__(
        self,
        factors: FactorOptions,
        labels: TagLabels,
        plays: Plays | None = None,
        inputs: str = "audio",
        heard: str | None = None,
        match: Match = "id",
        **audio: Any,
    ) -> None:
        super().__init__(**audio)
        self.inputs, self.match = require_inputs(inputs), match
        if heard is None and set(self.inputs) & set(HEARD):
            raise ConfigError(
                f"dataset.inputs={inputs}: set dataset.heard=<folder of a run of samplecnn_factors>"
            )
        self.heard = None if heard is None else Path(heard)
        own = set(self.inputs) & {"factors", "predicted_factors"}
        if plays is None and own:
            raise ConfigError(f"dataset.inputs={inputs}: set dataset.plays, factors come from it")
        self.plays, self.label_options = plays, labels
        self.factors = np.empty(
            (0, factors.n_factors), np.float32
        )  # (n_clips, n_factors) with plays
        self.options = factors

    def prepare_data(self) -> None:
        """Decode the clips; where plays are given, read them and fit the factors, each once.

        Raises:
            DatasetNotFoundError: files of the sound or of the plays are missing.
            DataFormatError: a table of another form, or no sound file that can be used.
            ConfigError: more factors than users or items.
        """
        super().prepare_data()
        if self.plays is not None:
            prepare_factors(self.plays, self.folder(), self.options, self.cache)

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks with any tag that, where plays are given, have any play.

        Raises:
            ConfigError: too few of them.
        """
        chosen = tracks[[len(tags) > 0 for tags in tracks["tags"]]].reset_index(drop=True)
        if len(chosen) < LEAST:
            raise ConfigError(
                f"dataset.layout={self.layout}: {len(chosen)} of {len(tracks)} clips have tags, "
                f"at least {LEAST} are needed; a manifest and FMA can have them"
            )
        if self.plays is None:
            return chosen
        return played_tracks(read_plays(self.plays, self.folder()), chosen, self.match)

    def learn(self) -> Tensor:
        """Return which of the frequent tags each clip has, shape (n_clips, n_tags), float32.

        Raises:
            ConfigError: no tag is frequent enough.
        """
        tags = self.tracks["tags"]
        counts = tags.iloc[self.parts["train"]].explode().value_counts()
        order = sorted(counts.index, key=lambda tag: (-counts[tag], tag))[
            : self.label_options.n_tags
        ]
        self.names = [str(tag) for tag in order if counts[tag] >= LEAST]
        if not self.names:
            raise ConfigError(
                f"no tag is carried by {LEAST} of {len(self.parts['train'])} train clips; "
                "more clips are needed"
            )
        place = {name: number for number, name in enumerate(self.names)}
        target = torch.zeros(len(tags), len(place))
        for clip, own in enumerate(tags):
            target[clip, [place[tag] for tag in own if tag in place]] = 1
        if self.plays is not None:
            fitted = cached_factors(self.plays, self.options, self.cache)
            self.factors = fitted["item_factors"][self.tracks["item"].to_numpy()]
        if self.inputs != [SOUND]:
            self.x = self._clip_vectors()
            self.dims["input_dim"] = self.x.shape[1]
        self.dims |= {"n_tags": len(self.names), "tag_names": self.names}
        return target

    def _clip_vectors(self) -> Tensor:
        vectors = clip_vectors(
            self.inputs,
            lambda: clip_bags(self.store, self.cache)[self.clips],
            self.factors,
            self.parts["train"],
            self.artists,
            self._heard_vectors(),
        )
        return torch.from_numpy(vectors)  # (n_clips, input_dim)

    def _heard_vectors(self) -> dict[str, np.ndarray]:
        wanted = [name for name in self.inputs if name in HEARD]
        if self.heard is None or not wanted:
            return {}
        ids = self.tracks["track_id"].astype(str).tolist()
        known = heard_test_clips(self.heard, self.part("test")["track_id"].astype(str).tolist())
        if known:
            log.warning(
                "%d test clips are among those that the network of dataset.heard was trained on",
                known,
            )
        return heard_vectors(self.heard, ids, wanted)

    def n_outputs(self) -> int:
        """Return the number of tags."""
        return len(self.names)

    def train_rows(self) -> np.ndarray:
        """Return the train clips whose tags are known."""
        return self.labelled("train")

    def labelled(self, part: str) -> np.ndarray:
        """Return the clips of train or val whose tags are known, at least one, ascending."""
        ids, share = self.tracks["track_id"], self.label_options.label_share
        return kept_share(self.parts[part], ids, share, self.seed + 2)

    def val_dataloader(self) -> DataLoader | list[DataLoader]:
        """Return the validation clips with known tags; nothing where none are held out."""
        if len(self.parts["val"]) == 0:
            return []
        return self.loader(self.windows(self.labelled("val")), shuffle=False)

    def make_task(self, clips: SoundClips) -> ClipTagging:
        """Return the task "which tags has this clip?"."""
        loudness = clip_loudness(self.store, self.cache)[self.clips]  # (n_clips, 3)
        simple = {"level": loudness[:, :1], "pooled_loudness": loudness}
        if self.plays is not None:
            simple["popularity"] = log_popularity(self.plays.data.plays)[self.tracks["item"]]
        return ClipTagging(TaggedClips(clips, self.names, self.train_rows(), simple, self.inputs))

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the tags; Lightning keeps them in every checkpoint."""
        return {"names": self.names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.names = state_dict["names"]

    def new_songs(self, clips: NewClips) -> SongTags:
        """Return new songs whose tags are asked for."""
        return SongTags(clips, self.names)
