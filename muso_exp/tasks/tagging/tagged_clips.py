"""The rows of the task: clips of sound with tags."""

from dataclasses import dataclass

import numpy as np
import torch

from muso_exp.records import Columns
from muso_exp.tasks.sound_clips import SoundClips
from muso_exp.tasks.tagging.probe import artist_tags, probe_scores


@dataclass(frozen=True)
class TaggedClips:
    """Clips and which tags they have.

    Attributes:
        clips: with targets 1 where a clip has a tag, else 0, shape (n_clips, n_tags), float32.
        names: of the tags, the most frequent first.
        known: train clips whose tags are known, ascending.
        simple: vectors of each clip that a null model predicts its tags from, (n_clips, D) each,
            by the name of the null model.
        inputs: what a model is given: `audio`, or names of vectors.
    """

    clips: SoundClips
    names: list[str]
    known: np.ndarray
    simple: dict[str, np.ndarray]
    inputs: list[str]


def null_columns(tagged: TaggedClips) -> dict[str, Columns]:
    """Return the `scores` (n_rows, n_tags) of every null model.

    `tag_prior` is the share of the known train clips with the tag, for every clip; `artist_tags`,
    where any artist stands on both sides, that of the artist's clips; the others are probes on the
    simple vectors.
    """
    train, test = tagged.known, tagged.clips.parts["test"]
    target = tagged.clips.targets_of(train)
    prior = target.mean(dim=0).expand(len(test), -1)
    probes = {
        name: {"scores": probe_scores(x[train], target.numpy(), x[test])}
        for name, x in tagged.simple.items()
    }
    nulls = {"tag_prior": {"scores": prior}, **probes}
    known, asked = tagged.clips.artists[train], tagged.clips.artists[test]
    if np.isin(asked, known).any():
        nulls["artist_tags"] = {"scores": artist_tags(target.numpy(), known, asked)}
    return nulls


def rare_tags(tagged: TaggedClips, least: int) -> int:
    """Return how many tags fewer than `least` test clips have."""
    target = tagged.clips.targets[torch.from_numpy(tagged.clips.parts["test"])]
    return int((target.sum(dim=0) < least).sum())
