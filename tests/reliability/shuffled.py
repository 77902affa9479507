"""Experiments whose labels are shuffled: what a model learns of them is no more than nothing.

What is shuffled depends on the data set, and is always one thing: which row the truth belongs to.
Everything that a null model may know is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from scipy.sparse import csr_matrix

from muso_exp.data import factor_tags, friends, playlist_continuation, playlists, plays
from muso_exp.data.audio_factors import AudioFactors
from muso_exp.data.audio_genres import AudioGenres
from muso_exp.data.audio_tags import AudioTags
from muso_exp.data.hetrec import HetRec
from muso_exp.data.muso import MuSo
from muso_exp.data.playlist_pairs import ListsOfTracks
from muso_exp.data.song_similarity import SongSimilarityData as Similarities
from muso_exp.data.spectra import Spectra
from muso_exp.evaluation import scores as scoring
from muso_exp.evaluation.card import Situation, make_card
from muso_exp.features.tracks import FEATURES
from muso_exp.formats.friends.social_data import SocialData
from muso_exp.formats.listening.interactions import Interactions
from muso_exp.metrics.resampling import Bootstrap, few_units_factor
from muso_exp.run import fit, prepare
from muso_exp.tasks.base import NotAnsweredError, ScoredRows
from muso_exp.tasks.friend_distance.user_pairs import SplitListeners
from muso_exp.tasks.tagging.probe import TagRows

CONF = REPOSITORY / "conf"
Rng = np.random.Generator


def other_owners(lists: Any, rng: Rng) -> Any:
    """Give each track the list of another track."""
    target = rng.permutation(lists.tracks["target"].to_numpy())
    return replace(lists, tracks=lists.tracks.assign(target=target))


def other_friends(listeners: SplitListeners, rng: Rng) -> SplitListeners:
    """Give each user the place of another user of the split in the graph."""
    place = np.arange(len(listeners.users))
    for users in listeners.splits.values():
        place[users] = rng.permutation(users)
    return replace(listeners, distances=listeners.distances[np.ix_(place, place)])


def other_items(data: Interactions, rng: Rng) -> Interactions:
    """Let users exchange what they play: a user keeps how much.

    How often an item is played becomes that of another item: what is known of an item (its tags,
    its artist, its sound) then says nothing of it.
    """
    entries = data.plays.tocoo()
    shape = data.plays.shape
    items = rng.permutation(shape[1])[rng.permutation(entries.col)]
    exchanged = csr_matrix((entries.data, (entries.row, items)), shape)
    exchanged.sum_duplicates()
    return replace(data, plays=exchanged)


def other_tracks(data: Any, rng: Rng) -> Any:
    """Let playlists exchange their tracks: each keeps its length, each track how often it is in."""
    return replace(data, entries=rng.permutation(data.entries))


def other_tags(rows: TagRows | None, rng: Rng) -> TagRows | None:
    """Give each item the tags of another item."""
    return None if rows is None else replace(rows, target=rng.permutation(rows.target))


def other_features(songs: Any, rng: Rng) -> Any:
    """Give each song the features of another song."""
    names = [name for name in songs.table if name in FEATURES]
    features = songs.table[names].to_numpy()[rng.permutation(len(songs.table))]
    return replace(songs, table=songs.table.assign(**dict(zip(names, features.T, strict=True))))


def other_tastes(social: SocialData, rng: Rng) -> SocialData:
    """Give each user the listening of another user; who is friends with whom stays."""
    return replace(social, plays=csr_matrix(social.plays[rng.permutation(len(social.users))]))


def other_lists(compared: tuple[pd.DataFrame, np.ndarray], rng: Rng) -> Any:
    """Give each list the place of another list in the table of how well pairs are separated."""
    table, numbers = compared
    place = rng.permutation(numbers.max() + 1)
    apart = np.zeros((len(place), len(place)))
    first, second = numbers.T
    apart[first, second] = apart[second, first] = table["separability"]
    return table.assign(separability=apart[place[first], place[second]]), numbers


SHUFFLES: list[tuple[Any, str, Callable[[Any, Rng], Any]]] = [
    (playlists, "read_lists", other_owners),
    (ListsOfTracks, "_compare", other_lists),
    (MuSo, "read", other_friends),
    (HetRec, "read", other_friends),
    (friends, "read_social", other_tastes),
    (plays, "keep_dense", other_items),
    (plays, "tag_rows", other_tags),
    (factor_tags, "tag_rows", other_tags),
    (playlist_continuation, "read_playlists", other_tracks),
    (AudioGenres, "learn", lambda labels, rng: labels[rng.permutation(len(labels))]),
    (AudioTags, "learn", lambda labels, rng: labels[rng.permutation(len(labels))]),
    (Spectra, "_read", other_features),
]


@contextmanager
def shuffled_labels(seed: int | None) -> Iterator[None]:
    """Let every data set that is set up shuffle its labels; None leaves the true ones."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, shuffle in SHUFFLES if seed is not None else []:
            patch.setattr(owner, name, _shuffling(getattr(owner, name), shuffle, seed))
        if seed is not None:
            for data in (AudioFactors, Similarities):
                patch.setattr(data, "learn", _other_sound(data.learn, seed))
        yield


def _shuffling(make: Callable, shuffle: Callable[[Any, Rng], Any], seed: int) -> Callable:
    def made(*args: Any, **kwargs: Any) -> Any:
        return shuffle(make(*args, **kwargs), np.random.default_rng(seed))

    return made


def _other_sound(learn: Callable, seed: int) -> Callable:
    """Give each song the sound of another song; its factors, plays and metadata stay together."""

    def made(data: AudioFactors) -> Any:
        data.clips = np.random.default_rng(seed).permutation(data.clips)
        return learn(data)

    return made


def configuration(experiment: str, cache: Path, folder: Path, *overrides: str) -> DictConfig:
    """Return the configuration of an experiment at scale=smoke."""
    places = [f"paths.cache={cache}", f"paths.outputs={folder}"]
    fixed = ["scale=smoke", "logger=none", "callbacks.progress=null", "resamples=200"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [f"+experiment={experiment}", *fixed, *places, *overrides])


def verdicts(cfg: DictConfig, seed: int | None, folder: Path) -> pd.Series:
    """Train and test on the labels shuffled by a seed; return the verdict of each metric."""
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    run = folder / f"{cfg.name}_{seed}"
    (run / "checkpoints").mkdir(parents=True)
    cfg = OmegaConf.merge(cfg, {"paths": {"run": str(run)}})
    with shuffled_labels(seed):
        parts = prepare(cfg, run)
    best = fit(cfg, run, parts, None)
    parts.trainer.test(parts.model, parts.data, ckpt_path=best, verbose=False, weights_only=True)
    task = parts.data.task
    found = judged(task, parts.tested.columns, cfg.resamples)
    for extra in task.extra:
        try:
            found |= judged(extra, extra.ask(parts.model), cfg.resamples)
        except NotAnsweredError:
            continue
    return pd.Series(found)


def judged(task: ScoredRows, columns: Any, resamples: int) -> dict[str, str]:
    """Return the card's verdict of each metric of a test."""
    weights, metrics = Bootstrap(resamples).weights(task.units), task.metrics()
    drawn = task.drawn_items(resamples)
    widening = few_units_factor(len(np.unique(task.units)))
    model, *nulls = (
        scoring.score(metrics, {**own, "target": task.target}, weights, drawn, widening)
        for own in (columns, *task.nulls().values())
    )
    named = dict(zip(task.nulls(), nulls, strict=True))
    higher = {str(name): metric.higher_is_better for name, metric in metrics.items()}
    card = make_card("", [], model, named, higher, Situation(True, False, "smoke"))
    return {row["metric"]: row["verdict"] for row in card.versus}
