"""How sure networks on sound are of the genres of a recommender's items."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from muso_exp.errors import ConfigError
from muso_exp.features.artists import first_artist
from muso_exp.features.genre_confidence import N_FOLDS, calibrated, quality
from muso_exp.features.tag_names import matched_tags
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.item_genres import ItemGenres

log = logging.getLogger(__name__)

NEAREST = 1e-6  # a probability is kept so far from 0 and 1
LEAST = 5  # items with sound that a genre has, and that lack it, or it is not calibrated


@dataclass(frozen=True)
class JudgedClips:
    """What runs say of clips that they were tested on, which none of them was trained on.

    `muso_exp.evaluation.tested_clips` reads them.

    Attributes:
        clips: `id`, `artist`, `title`, a row per clip.
        names: of the genres or tags that the runs know.
        probability: of each, shape (n_clips, n_names).
    """

    clips: pd.DataFrame
    names: list[str]
    probability: np.ndarray

    def judge(self, genres: ItemGenres, catalogue: ItemCatalogue) -> ItemGenres:
        """Return the genres with what the runs say of the items whose clips they tested.

        The probability that a network gives to the name that says the same is calibrated on other
        artists' items. An item without a tested clip, and a genre that the networks have no name
        for or too few items, keep the confidence of the regression.

        Args:
            genres: of the items, from training.
            catalogue: the items.

        Raises:
            ConfigError: no clip is one of the items, or no genre can be judged so.
        """
        place = _items_of(self.clips, catalogue)
        items = np.unique(place[place >= 0])
        if not len(items):
            raise ConfigError(
                f"--genres-from: none of its {len(self.clips)} clips is an item of this run; give "
                "a run on the sound of the same songs"
            )
        probability = np.stack([self.probability[place == item].mean(axis=0) for item in items])
        artist = pd.factorize(catalogue.items["artist"].iloc[items].map(first_artist))[0]
        bears, judged = genres.borne[items].toarray() > 0, genres.judged[items]
        source = np.array(matched_tags(genres.names, self.names))
        used = _enough(probability, bears, judged, artist, source)
        if not len(used):
            raise ConfigError(
                f"--genres-from: it judges none of the genres of this run for enough of its songs; "
                f"it knows {', '.join(self.names[:5])}, and the run {', '.join(genres.names[:5])}"
            )
        scores = logit(probability[:, source[used]].clip(NEAREST, 1 - NEAREST))
        found = calibrated(scores, bears[:, used], judged, artist)
        confidence = np.zeros(genres.found.confidence.shape, np.float32)
        heard = np.zeros(confidence.shape, dtype=bool)
        confidence[np.ix_(items, used)], heard[np.ix_(items, used)] = found.confidence, True
        known = items[judged]
        was = quality(genres.found.confidence[np.ix_(known, used)], bears[np.ix_(judged, used)])
        for number, genre in enumerate(used):
            log.info(
                "%s: by %s of the networks; on %d items with sound AUC %.3f (regression %.3f), "
                "calibration error %.3f (%.3f)",
                *(genres.names[genre], self.names[source[genre]], len(known)),
                *(found.auc[number], was[1][number], found.error[number], was[0][number]),
            )
        left = len(genres.names) - len(used)
        text = "%d of %d items are heard; %d genres, and all other items, keep the regression"
        log.info(text, len(items), len(catalogue.items), left)
        return genres.with_heard(confidence, heard)


def _items_of(clips: pd.DataFrame, catalogue: ItemCatalogue) -> np.ndarray:
    """Return the item of each clip, shape (n_clips,), -1 for none.

    An id counts where the item of that id has the clip's artist, or the clip has no name: two
    sources number their songs from 1. Other clips are found by artist and title.
    """
    place = catalogue.find(clips)
    named = ((clips["artist"] != "") | (clips["title"] != "")).to_numpy()
    own, found = clips["artist"].str.casefold(), catalogue.items["artist"].str.casefold()
    doubted = np.flatnonzero(named & (own.to_numpy() != found.to_numpy()[place]))
    place[doubted] = catalogue.find(clips.iloc[doubted].assign(id=""))
    return place


def _enough(
    probability: np.ndarray,
    bears: np.ndarray,
    judged: np.ndarray,
    artist: np.ndarray,
    source: np.ndarray,
) -> np.ndarray:
    """Return the numbers of the genres that can be calibrated."""
    own = bears[judged]
    count = own.sum(axis=0)
    known = (source >= 0) & (np.ptp(probability, axis=0)[source] > 0)
    if len(np.unique(artist[judged])) < N_FOLDS:
        return np.empty(0, np.int64)
    return np.flatnonzero(known & (count >= LEAST) & (len(own) - count >= LEAST))
