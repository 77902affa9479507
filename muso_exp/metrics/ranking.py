"""Metrics of recommendation: means of per-user columns, and what the recommended lists are like.

The columns come from `muso_exp.features.ranking`; a row is a user with held-out items. The data
set leaves out and counts users without.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.stats import rankdata
from torch import Tensor

from muso_exp.features.diversity import squared_sums, vector_lengths
from muso_exp.features.interactions import BLOCK, item_listeners, select_entries
from muso_exp.features.ranking_formulas import CLICK_PAGE, FORMULAS, SHARE, RankingFormula
from muso_exp.metrics.base import RowMean, WeightedMetric

# Which items a list holds, in any order.
MEMBERS = ("recall", "capped_recall", "precision", "hit_rate", "clicks")
MOST = 0.5  # share of the candidates: a longer list is judged by what it leaves out


class UserMean(RowMean):
    """Mean over users of one of their columns.

    Args:
        column: its name, e.g. `ap_at_500`.
        higher_is_better: which of two values is the better one; None of a metric that describes.
        bounds: least and greatest value that a user can have.
        **kwargs: of `torchmetrics.Metric`.
    """

    def __init__(
        self,
        column: str,
        higher_is_better: bool | None = True,
        bounds: tuple[float, float] = SHARE,
        **kwargs: Any,
    ) -> None:
        self.fields = (column,)  # type: ignore[misc]
        super().__init__(**kwargs)
        self.bounds = bounds
        self.__dict__["higher_is_better"] = higher_is_better  # torchmetrics guards the name

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the value of each row, shape (n_rows,)."""
        return columns[self.fields[0]]


class ItemMean(RowMean):
    """Mean of a value of the recommended items, over each user's list and then over users.

    Args:
        values: of each item, shape (n_items,), float.
        **kwargs: of `torchmetrics.Metric`.
    """

    fields = ("top",)

    def __init__(self, values: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.values = torch.from_numpy(np.asarray(values, dtype=np.float64))

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the mean of the list of each row, shape (n_rows,)."""
        top = columns["top"].long()
        listed = (top >= 0).double()  # (n_rows, n_top)
        total = (self.values[top.clamp(min=0)] * listed).sum(dim=1)
        return total / listed.sum(dim=1)


class Novelty(ItemMean):
    """Mean self-information of the recommended items in bits: -log2 of their share of users.

    Args:
        listeners: train users of each item, shape (n_items,); an unheard item counts as one user's.
        n_users: number of train users.
        **kwargs: of `torchmetrics.Metric`.

    Source: Castells, Hurley and Vargas, Recommender Systems Handbook, 2015. Deviation: none.
    """

    bounds = (0.0, math.inf)
    higher_is_better = None  # a random list is the most novel one

    def __init__(self, listeners: np.ndarray, n_users: int, **kwargs: Any) -> None:
        super().__init__(-np.log2(np.maximum(listeners, 1) / n_users), **kwargs)


class PopularityBias(ItemMean):
    """Mean popularity percentile of the recommended items: .5 if drawn evenly, 1 if only hits.

    Args:
        listeners: train users of each item, shape (n_items,); equal counts share a percentile.
        candidates: ids of the items that are ranked, among which the percentile is; None for all.
        **kwargs: of `torchmetrics.Metric`.
    """

    bounds = (0.0, 1.0)
    higher_is_better = None

    def __init__(
        self, listeners: np.ndarray, candidates: np.ndarray | None = None, **kwargs: Any
    ) -> None:
        ranked = np.arange(len(listeners)) if candidates is None else candidates
        percentile = np.zeros(len(listeners))
        percentile[ranked] = (rankdata(listeners[ranked]) - 0.5) / len(ranked)
        super().__init__(percentile, **kwargs)


class Coverage(WeightedMetric):
    """Share of the items that can be recommended that is in at least one user's list.

    Args:
        n_items: size of the catalogue.
        n_candidates: of them, that can be recommended; None for all.
        **kwargs: of `torchmetrics.Metric`.
    """

    fields = ("top",)
    higher_is_better = None  # a random list covers most
    biased_by_repeats = True
    bounds = (0.0, 1.0)

    def __init__(self, n_items: int, n_candidates: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_items, self.n_candidates = n_items, n_candidates or n_items

    def score(self, weights: Tensor, **columns: Tensor) -> Tensor:
        """Return the share under each row of weights, shape (n_resamples,)."""
        lists = _indicator(columns["top"], self.n_items)
        lists = lists[:, np.flatnonzero(item_listeners(lists))]  # the others are in no list
        times = lists.T @ (weights > 0).double().numpy().T  # (n_listed, n_resamples)
        return torch.from_numpy((times > 0).sum(axis=0) / self.n_candidates)


class IntraListDiversity(RowMean):
    """Mean of 1 - cosine over the pairs of a user's list, then over users.

    An item without a vector is in no pair; a list without pairs is left out.

    Args:
        vectors: of the items, sparse: shape (n_items, n_dims), e.g. their tags; or where `columns`
            (n_dims, n_items), e.g. their listeners. Kept by reference: copies of the metric share
            it, and only the vectors of listed items are ever laid out, a part at a time.
        columns: whether the vectors are the columns of the matrix.
        **kwargs: of `torchmetrics.Metric`.

    Source: Ziegler et al., WWW 2005. Deviation: diversity, so 1 - their similarity.
    """

    skips_undefined = True
    bounds = (0.0, 2.0)  # 2 of two opposite vectors
    fields = ("top",)
    higher_is_better = None

    def __init__(self, vectors: csr_matrix, columns: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        matrix = csr_matrix(vectors)
        self.vectors, self.columns = _Shared(matrix), columns
        self.sizes = item_listeners(matrix) if columns else np.diff(matrix.indptr)
        self.most = max(BLOCK, matrix.nnz // 3 if columns else 0)  # columns cost a pass over all

    def rows(self, **columns: Tensor) -> Tensor:
        """Return the diversity of each row, shape (n_rows,)."""
        return torch.from_numpy(self._diversity(columns["top"].numpy()))

    def _diversity(self, top: np.ndarray) -> np.ndarray:
        """Return 1 - mean cosine of the pairs of each list, (n_rows,), by halves if they are many.

        The sum of all cosines of a list is the squared length of the sum of its unit vectors.
        """
        listed = np.unique(top[top >= 0])
        if len(top) > 1 and self.sizes[listed].sum() > self.most:
            return np.concatenate([self._diversity(part) for part in np.array_split(top, 2)])
        places = np.where(top < 0, -1, np.searchsorted(listed, top))
        vectors = self._of(listed)
        parts = vectors.indptr, vectors.indices, vectors.data
        lengths, together = vector_lengths(vectors.indptr, vectors.data), np.empty(len(top))
        squared_sums(places, *parts, lengths, np.zeros(vectors.shape[1]), together)
        n = ((top >= 0) & np.append(lengths > 0, False)[places]).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(n > 1, 1 - (together - n) / (n * (n - 1)), np.nan)

    def _of(self, items: np.ndarray) -> csr_matrix:
        """Return the vectors of some items, (n, n_dims)."""
        matrix = self.vectors.matrix
        if not self.columns:
            return matrix[items]
        return select_entries(matrix, np.arange(matrix.shape[0]), items).T.tocsr()


class _Shared:
    """A matrix that deep copies of its owner share."""

    def __init__(self, matrix: csr_matrix) -> None:
        self.matrix = matrix

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Shared":
        return self


def _indicator(top: Tensor, n_items: int) -> csr_matrix:
    """Return the lists `top` (n_rows, n_top) as a matrix of ones (n_rows, n_items)."""
    listed = (top >= 0).numpy()
    rows, items = np.nonzero(listed)[0], top.numpy()[listed]
    return csr_matrix((np.ones(len(items)), (rows, items)), shape=(len(top), n_items))


def ranking_metrics(
    cutoffs: Sequence[int], n_candidates: float = math.inf
) -> dict[str, WeightedMetric]:
    """Return the metrics of held-out items by name, e.g. `auc`, `map_at_500`, `ndcg_at_100`.

    They are the means over users of all `muso_exp.features.ranking_formulas.FORMULAS`. One that
    asks only which items a list holds describes where the list takes in most of the candidates:
    it then rests on the few that come last, and items that hardly any user holds have no weight
    in a draw of what is held out, so that an order at random is falsely better.

    Args:
        cutoffs: the k.
        n_candidates: items that can be recommended to a user.
    """
    return {
        formula.metric + suffix: user_mean(formula, suffix, (k or CLICK_PAGE) / n_candidates)
        for at_cutoffs, lengths in ((False, [0]), (True, cutoffs))
        for k in lengths
        for suffix in [f"_at_{k}" if k else ""]
        for formula in FORMULAS.values()
        if formula.at_cutoffs == at_cutoffs
    }


def long_lists(cutoffs: Sequence[int], n_candidates: float) -> list[str]:
    """Return the names of the metrics that describe since their list takes in most candidates."""
    judged, every = ranking_metrics(cutoffs), ranking_metrics(cutoffs, n_candidates)
    return [
        name
        for name, metric in every.items()
        if metric.higher_is_better is None and judged[name].higher_is_better is not None
    ]


def user_mean(formula: RankingFormula, suffix: str = "", listed: float = 0.0) -> UserMean:
    """Return the mean over users of a formula's column.

    Args:
        formula: of the column.
        suffix: `_at_<k>` where it has cutoffs.
        listed: share of the candidates that a list takes in.
    """
    describes = formula.metric in MEMBERS and listed > MOST
    better = None if describes else formula.higher_is_better
    return UserMean(formula.column + suffix, better, formula.bounds)


def list_metrics(
    listeners: np.ndarray,
    n_users: int,
    vectors: csr_matrix | None = None,
    candidates: np.ndarray | None = None,
    columns: bool = False,
) -> dict[str, WeightedMetric]:
    """Return the metrics of the recommended lists by name.

    Args:
        listeners: train users of each item, shape (n_items,).
        n_users: number of train users.
        vectors: of the items (n_items, n_dims), for `intra_list_diversity`; without them it is
            left out.
        candidates: ids of the items that are ranked; None for all.
        columns: whether the vectors are the columns of their matrix, (n_dims, n_items).
    """
    n_candidates = None if candidates is None else len(candidates)
    metrics: dict[str, WeightedMetric] = {
        "coverage": Coverage(len(listeners), n_candidates),
        "novelty": Novelty(listeners, n_users),
        "popularity_bias": PopularityBias(listeners, candidates),
    }
    if vectors is not None:
        metrics["intra_list_diversity"] = IntraListDiversity(vectors, columns)
    return metrics
