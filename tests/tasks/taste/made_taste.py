"""A small catalogue of two tastes, and histories of its listeners."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.features.als import FactorOptions, fit_factors
from muso_exp.formats.listening.histories import History, read_history
from muso_exp.models.wmf import WMF
from muso_exp.tasks.recommendation.catalogue import ItemCatalogue
from muso_exp.tasks.recommendation.fold_in import NewRow
from muso_exp.tasks.recommendation.tag_shares import TagShares
from muso_exp.tasks.taste.others import Catalogue

N_USERS, N_ITEMS = 80, 24  # items 0 to 11 are of one taste, 12 to 23 of the other
ARTISTS = [f"{'Rock' if item < 12 else 'Jazz'} Band {item}" for item in range(N_ITEMS)]
TAGS = ["rock", "jazz", "live", "never"]


def plays_of_two_tastes() -> np.ndarray:
    rng = np.random.default_rng(2)
    own = (np.arange(N_USERS)[:, None] % 2) == (np.arange(N_ITEMS) >= 12)
    heard = rng.random((N_USERS, N_ITEMS)) < np.where(own, 0.7, 0.06)
    heard[:, 11] = heard[:, 23] = False
    heard[[0, 2, 4], 11] = True  # weakly supported
    return heard * rng.integers(1, 60, heard.shape)


PLAYS = plays_of_two_tastes()
WEIGHTS = np.zeros((N_ITEMS, 4))
WEIGHTS[:12, 0], WEIGHTS[12:, 1] = 3, 5
WEIGHTS[::4, 2] = 1
WEIGHTS[[5, 17]] = 0  # without tags


def catalogue(items: pd.DataFrame | None = None, tags: bool = True) -> Catalogue:
    plays = csr_matrix(PLAYS)
    shares = TagShares.of(csr_matrix(WEIGHTS), TAGS, plays) if tags else None
    if items is None:
        items = pd.DataFrame({"id": np.arange(N_ITEMS), "artist": ARTISTS, "title": ""})
    known = ItemCatalogue.of(items, plays, True, 100 + np.arange(N_USERS), shares)
    options = FactorOptions(n_factors=4, iterations=20, regularization=1.0, epsilon=1.0)
    model = WMF(N_USERS, N_ITEMS, n_factors=4, regularization=1.0, epsilon=1.0)
    users, factors = fit_factors(plays, options)
    model.user_factors.copy_(torch.from_numpy(users))
    model.item_factors.copy_(torch.from_numpy(factors))
    return Catalogue("run", lambda seeds: NewRow(seeds, known), model.eval())


def renamed(run: Catalogue, model: object) -> Catalogue:
    """The same catalogue with another model."""
    return replace(run, model=model)


def history_of(folder: Path, user: int, more: str = "") -> History:
    """What a listener of the catalogue plays, a play a day from 2019 on, and further rows."""
    rows, day = ["artist,uts"], 0
    for item in np.flatnonzero(PLAYS[user]):
        for _ in range(PLAYS[user, item]):
            rows.append(f"{ARTISTS[item]},{1_546_344_000 + 86_400 * day}")
            day += 1
    (folder / "log.csv").write_text("\n".join([*rows, more]), encoding="utf-8")
    return read_history(folder / "log.csv", one_person=True)
