"""The genres of the items that a run can recommend, and how sure each is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.genre_confidence import GenreConfidence, quality
from muso_exp.figures.two_class import calibration_figure
from muso_exp.records import Section

REGRESSION, NETWORK = "regression", "network"  # what a confidence is from
LIKELY = 0.5  # confidence from which an item is listed under a genre that it does not bear


@dataclass(frozen=True)
class ItemGenres:
    """Genres of items, commonest first.

    Attributes:
        names: n_genres of them.
        borne: how often each item is called by each genre, shape (n_items, n_genres).
        judged: items that are called by anything, shape (n_items,), bool.
        found: calibrated confidence.
        heard: which confidences are those of networks on sound, shape (n_items, n_genres), bool;
            None where all are of the regression.
    """

    names: list[str]
    borne: csr_matrix
    judged: np.ndarray
    found: GenreConfidence
    heard: np.ndarray | None = None

    def number(self, genre: str) -> int:
        """Return the number of a genre.

        Raises:
            ConfigError: no such genre; the message has the nearest names.
        """
        folded = {name.casefold(): place for place, name in reversed([*enumerate(self.names)])}
        asked = " ".join(genre.casefold().split())
        if asked in folded:
            return folded[asked]
        near = difflib.get_close_matches(asked, list(folded), n=3, cutoff=0.4)
        near = near or [name.casefold() for name in self.names[:3]]
        names = ", ".join(self.names[folded[name]] for name in near)
        raise ConfigError(
            f"--genre {genre}: none of the {len(self.names)} genres of this run; the nearest are "
            f"{names}"
        )

    def members(self, genre: int) -> np.ndarray:
        """Return the items that bear a genre, or are likely of it, shape (n_items,), bool."""
        borne = self.borne[:, [genre]].toarray()[:, 0] > 0
        return borne | (self.found.confidence[:, genre] >= LIKELY)

    def of(self, items: np.ndarray, genre: int | None) -> pd.DataFrame:
        """Return the genre asked for, or each item's surest one, its confidence, and its ground.

        Args:
            items: their numbers, shape (n,).
            genre: number of a genre; None: of each item the surest.

        Returns:
            `genre`, `confidence`, `called`: how often the item is called so, and where networks on
            sound were asked `judged_by`: `network` or `regression`; a row per item.
        """
        sure = self.found.confidence[items]
        chosen = np.full(len(items), genre) if genre is not None else sure.argmax(axis=1)
        rows = np.arange(len(items))
        called = np.asarray(self.borne[items, chosen]).ravel()
        found = pd.DataFrame(
            {
                "genre": [self.names[place] for place in chosen],
                "confidence": sure[rows, chosen],
                "called": called,
            }
        )
        if self.heard is None:
            return found
        return found.assign(judged_by=np.where(self.heard[items, chosen], NETWORK, REGRESSION))

    def with_heard(self, confidence: np.ndarray, heard: np.ndarray) -> ItemGenres:
        """Return these genres with the confidence of networks on sound, where that is known.

        Args:
            confidence: calibrated, shape (n_items, n_genres).
            heard: where it is known, shape (n_items, n_genres), bool.
        """
        merged = np.where(heard, confidence, self.found.confidence).astype(np.float32)
        bears = self.borne.toarray()[self.judged] > 0
        found = GenreConfidence(merged, *quality(merged[self.judged], bears))
        return replace(self, found=found, heard=heard)

    def section(self) -> Section:
        """Return the confidence of each genre and its calibration."""
        bears = self.borne.toarray() > 0
        table = pd.DataFrame(
            {
                "genre": self.names,
                "items": bears[self.judged].sum(axis=0),
                "auc": self.found.auc,
                "calibration error": self.found.error,
            }
        )
        probability = self.found.confidence[self.judged].ravel().astype(np.float64)
        text = (
            "How sure the other tags, the sound and the listeners of an item are that it is of a "
            "genre, without its own genres: probabilities of regressions and calibrations that saw "
            "other artists only. AUC: an item of the genre stands above another one; calibration "
            "error: mean difference of stated and true share over ten bins."
        )
        figure = partial(calibration_figure, bears[self.judged].ravel(), probability.clip(0, 1))
        return Section("genres", "Confidence per genre", text, table, figure)

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors, from which `from_state` makes the genres again."""
        arrays = {
            **{"crow": self.borne.indptr, "col": self.borne.indices, "values": self.borne.data},
            **{"judged": self.judged, "confidence": self.found.confidence},
            **{"error": self.found.error, "auc": self.found.auc},
        }
        return {"names": self.names, **{name: torch.from_numpy(a) for name, a in arrays.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ItemGenres:
        """Return the genres that `state` was made from."""
        names = list(state["names"])
        crow, col, values, judged, *found = (
            np.asarray(state[name])
            for name in ("crow", "col", "values", "judged", "confidence", "error", "auc")
        )
        borne = csr_matrix((values, col, crow), shape=(len(crow) - 1, len(names)))
        return cls(names, borne, judged, GenreConfidence(*found))
