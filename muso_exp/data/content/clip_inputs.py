"""What a model is given of each clip of sound: windows, vectors of metadata and sound, or both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack
from sklearn.model_selection import GroupKFold

from muso_exp.data.content.metadata import (
    FIELDS,
    Counts,
    listening_fields,
    metadata_vectors,
    track_fields,
)
from muso_exp.errors import ConfigError
from muso_exp.features.item_vectors import ItemVectors, join, standardised, value_counts
from muso_exp.features.ridge import fit_ridge
from muso_exp.features.tag_kinds import tag_kind
from muso_exp.formats.listening.interactions import Interactions

AUDIO, METADATA = "audio", "metadata"  # windows for a network; all fields that are there
VECTORS = ("mfcc", "contrast", "chroma", "loudness", "embedding")  # of a clip's sound
PARTS = (AUDIO, METADATA, *FIELDS, *VECTORS)
STRENGTHS = np.logspace(-3, 2, 11)  # penalties to choose from, see `fit_ridge`
N_FOLDS = 5  # of the train clips, for what is known of each without itself


def require_parts(inputs: str) -> list[str]:
    """Return the parts of `inputs`, joined by `+`.

    Raises:
        ConfigError: an unknown or repeated part, or a field that `metadata` has too.
    """
    names = inputs.split("+")
    unknown = [name for name in names if not _is_part(name)]
    if unknown:
        raise ConfigError(
            f"dataset.inputs={inputs}: {unknown[0]!r} is no part; there are {', '.join(PARTS)}, "
            "joined by +, and metadata-artist: all fields but one"
        )
    listed = [name for part in names for name in named_fields(part)]
    doubled = [name for name in listed if listed.count(name) > 1]
    if doubled:
        raise ConfigError(f"dataset.inputs={inputs}: {doubled[0]} is in it twice; give it once")
    return names


def named_fields(part: str) -> list[str]:
    """Return what a part of the inputs stands for: `metadata-artist` for all fields but artist."""
    whole, *left_out = part.split("-")
    return [name for name in FIELDS if name not in left_out] if whole == METADATA else [part]


def _is_part(name: str) -> bool:
    whole, *left_out = name.split("-")
    return name in PARTS or (whole == METADATA and set(left_out) <= set(FIELDS))


def clip_fields(tracks: pd.DataFrame, plays: Interactions | None = None) -> dict[str, csr_matrix]:
    """Return the fields of clips, from the table of the sound, else from the files of the plays.

    Where the table names genres, these are the field `genre`; tags of a genre are then among the
    tags, where otherwise they are the genre (see `muso_exp.features.tag_kinds`).

    Args:
        tracks: a row per clip, with plays the number of its played item as `item`.
        plays: with names and tags of their items; None: without.

    Returns:
        Counts (n_clips, n_values) of each field that any clip has.
    """
    found = track_fields(tracks)
    if (tracks["genre"] != "").any():
        of_genre = [[tag for tag in tags if tag_kind(tag) == "genre"] for tags in tracks["tags"]]
        found["genre"] = value_counts([[name] for name in tracks["genre"]])
        others = [found["tags"]] if "tags" in found else []
        found["tags"] = csr_matrix(hstack([*others, value_counts(of_genre)]))
    if plays is not None:
        items = tracks["item"].to_numpy()
        played = listening_fields(plays).items()
        found = {name: csr_matrix(counts[items]) for name, counts in played} | found
    return {name: counts for name, counts in found.items() if counts.nnz}


def clip_inputs(
    parts: Sequence[str],
    fields: Counts,
    sound: Mapping[str, Callable[[], np.ndarray]],
    train: np.ndarray,
) -> ItemVectors:
    """Return one vector for each clip: the parts side by side, each of about the same weight.

    Args:
        parts: of `require_parts` but for `audio`, at least one.
        fields: of `clip_fields`.
        sound: returns the numbers of each clip (n_clips, D) of a part of VECTORS; called where it
            is asked for.
        train: rows of the train clips, which frequencies and scales are taken of.

    Raises:
        ConfigError: a field that no clip has; vectors that are the same for all train clips.
    """
    named = [name for part in parts for name in named_fields(part)]
    wanted = [name for part in parts for name in part.split("-") if name in FIELDS]
    absent = [name for name in wanted if name not in fields]
    if absent or not any(name in fields or name in VECTORS for name in named):
        raise ConfigError(
            f"dataset.inputs={'+'.join(parts)}: no clip has {[*absent, METADATA][0]}; these clips "
            f"have {', '.join(fields) or 'no metadata'}"
        )
    found: dict[str, ItemVectors] = metadata_vectors(fields, named, train)
    for name in named:
        if name in VECTORS:
            x = sound[name]()
            found[name] = standardised(x, np.arange(len(x)), len(x), name, train)
    joined = join([found[name] for name in named if name in found])
    dense = joined.dense()[train]
    if (dense == dense[0]).all():
        raise ConfigError(
            f"dataset.inputs={'+'.join(parts)}: the same for all {len(train)} train clips; there "
            "is nothing to learn from"
        )
    return joined


@dataclass(frozen=True)
class Known:
    """What vectors say of each clip's target, before its sound is heard.

    Attributes:
        x: vectors, shape (n_clips, D).
        train: rows of the train clips.
        groups: what each clip stands together with in the split, shape (n_clips,).
    """

    x: np.ndarray
    train: np.ndarray
    groups: np.ndarray

    def predict(self, target: np.ndarray) -> np.ndarray:
        """Return targets (n_clips, n_outputs) predicted by ridge regression, float32.

        A train clip's is learned from the train clips of other groups, so that train and test clips
        are predicted alike well.

        Args:
            target: of each clip, shape (n_clips, n_outputs); those of train clips are read.
        """
        x, y, groups = self.x[self.train], target[self.train], self.groups[self.train]
        found = _ridge(x, y, self.x)
        n_folds = min(N_FOLDS, len(np.unique(groups)))
        for known, asked in GroupKFold(n_folds).split(x, groups=groups):
            found[self.train[asked]] = _ridge(x[known], y[known], x[asked])
        return found.astype(np.float32)


def _ridge(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return what ridge regression predicts; of vectors that never vary, the mean."""
    if (x == x[0]).all():
        return np.tile(y.mean(axis=0), (len(asked), 1))
    solution = fit_ridge(x, y, STRENGTHS)
    return asked @ solution.weight + solution.bias
