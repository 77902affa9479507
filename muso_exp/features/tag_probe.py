"""Logistic regressions from vectors to tags, solved exactly."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def solve_tags(
    x: np.ndarray, target: np.ndarray, C: float = 1.0, max_iter: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Solve one logistic regression for each tag.

    Vectors are scaled by their mean and standard deviation, so that the penalty means the same for
    any factors. A tag that all or no rows have keeps its prior (with one half added).

    Args:
        x: vectors, shape (n_rows, input_dim).
        target: 1 where a row has a tag, else 0, shape (n_rows, n_tags).
        C: inverse strength of the L2 penalty on the scaled vectors, > 0.
        max_iter: at most so many Newton steps.

    Returns:
        Weights (n_tags, input_dim) and biases (n_tags,) for the vectors as they came, float64.

    Source: the model of thesis section 5.1. Deviation: its optimum, with a slight penalty, where
    the thesis stopped early.
    """
    scaler = StandardScaler().fit(x.astype(np.float64))
    scaled = scaler.transform(x.astype(np.float64))
    solved = np.array([_solve(scaled, tag, C, max_iter) for tag in target.T > 0])
    weight = solved[:, :-1] / scaler.scale_  # (n_tags, input_dim)
    return weight, solved[:, -1] - weight @ scaler.mean_


def _solve(x: np.ndarray, has_tag: np.ndarray, C: float, max_iter: int) -> np.ndarray:
    """Return weights and bias of one tag, shape (input_dim + 1,)."""
    if has_tag.all() or not has_tag.any():
        odds = (has_tag.sum() + 0.5) / ((~has_tag).sum() + 0.5)
        return np.append(np.zeros(x.shape[1]), np.log(odds))
    solution = LogisticRegression(C=C, solver="newton-cholesky", max_iter=max_iter)
    solution.fit(x, has_tag)
    return np.append(solution.coef_, solution.intercept_)
