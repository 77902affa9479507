"""Null models of genres: the shares of train, a guess, and how loud a clip is."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor


def null_columns(
    genres: Tensor, known: np.ndarray, asked: np.ndarray, n_genres: int
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        genres: numbers of the train clips' genres, shape (n_train,).
        known: loudness of the train clips, in dB, shape (n_train,).
        asked: loudness of the test clips, shape (n_rows,).
        n_genres: number of genres.

    Returns:
        `probabilities` (n_rows, n_genres), by null model: `prior` are the shares of train (its
        decision: the majority), `uniform` is a guess, `level` the loudness baseline.
    """
    prior = torch.bincount(genres, minlength=n_genres) / len(genres)
    uniform = torch.full_like(prior, 1 / n_genres)
    return {
        "prior": {"probabilities": prior.expand(len(asked), -1)},
        "uniform": {"probabilities": uniform.expand(len(asked), -1)},
        "level": {"probabilities": loudness_baseline(known, genres.numpy(), asked, n_genres)},
    }


def loudness_baseline(
    known: np.ndarray, genres: np.ndarray, asked: np.ndarray, n_genres: int
) -> Tensor:
    """Return the probability of each genre by the loudness alone, (n_asked, n_genres), float64.

    Multinomial logistic regression; a genre without train clips has probability 0.

    Args:
        known: loudness of the train clips, in dB, shape (n_train,).
        genres: their genres, 0 to n_genres - 1, shape (n_train,).
        asked: loudness of the clips to classify, shape (n_asked,).
        n_genres: number of genres.
    """
    present = np.unique(genres)
    probabilities = torch.zeros(len(asked), n_genres, dtype=torch.float64)
    if len(present) == 1:
        probabilities[:, present] = 1.0
        return probabilities
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(known[:, None], genres)
    probabilities[:, present] = torch.from_numpy(model.predict_proba(asked[:, None]))
    return probabilities
