"""What is looked at in a model's answers before they are scored: finite, and not all the same."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from muso_exp.errors import DivergedError
from muso_exp.records import Columns, Finding

_SAME = {
    "rtol": 1e-5,
    "atol": 1e-8,
}  # of two answers: rounding differs with a row's place in a batch


def require_finite(columns: Columns, nulls: Mapping[str, Columns], fix: str) -> None:
    """Refuse answers that are not finite.

    A value that a null model leaves undefined too is so by the row (an AUC where every candidate is
    held out), not by the model.

    Args:
        columns: the model's prediction columns, first dimension n_rows.
        nulls: those of the null models, on the same rows.
        fix: what to try (`muso_exp.training.finite.remedy`).

    Raises:
        DivergedError: there are such.
    """
    for name, column in columns.items():
        broken = ~_finite(column)
        for null in nulls.values():
            if name in null and null[name].shape == column.shape:
                broken &= _finite(null[name])
        rows = broken.flatten(1).any(dim=1) if broken.ndim > 1 else broken
        if rows.any():
            raise DivergedError(
                f"the model's {name} is not finite in {int(rows.sum())} of {len(rows)} test rows; "
                f"{fix}"
            )


def constant_answers(columns: Columns, nulls: Mapping[str, Columns]) -> list[Finding]:
    """Return a warning where a model answers every test row alike, or as a null model does.

    The second is what a recommender does that scores all items alike: each user's ranks are then
    those of the random one.

    Args:
        columns: the model's prediction columns, first dimension n_rows.
        nulls: those of the null models, on the same rows.
    """
    n_rows = len(next(iter(columns.values())))
    if n_rows > 1 and all(
        _same(column, column[:1].expand_as(column)) for column in columns.values()
    ):
        text = f"the model answers all {n_rows} test rows alike: its predictions are constant"
        return [Finding("constant_predictions", n_rows, text, "warning")]
    like = [name for name, null in nulls.items() if _is_null(columns, null)]
    text = f"the model answers all {n_rows} test rows as the null model {', '.join(like)} does"
    return [Finding("predictions_of_a_null", n_rows, text, "warning")] if like else []


def _is_null(columns: Columns, null: Columns) -> bool:
    """Return whether the real numbers of the columns are those of a null model."""
    shared = [name for name in columns if name in null and columns[name].is_floating_point()]
    return bool(shared) and all(_same(columns[name], null[name]) for name in shared)


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    if not one.is_floating_point():
        return bool(torch.equal(one, other))
    return bool(torch.allclose(one.double(), other.double(), **_SAME, equal_nan=True))


def _finite(column: Tensor) -> Tensor:
    return column.isfinite() if column.is_floating_point() else torch.ones_like(column).bool()
