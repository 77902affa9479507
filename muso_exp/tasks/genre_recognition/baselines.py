"""Null models of genres: the shares of train, a guess, and how loud a clip is."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from muso_exp.features.artists import artist_means


def null_columns(
    genres: Tensor, known: np.ndarray, asked: np.ndarray, n_genres: int
) -> dict[str, dict[str, Tensor]]:
    """Return the prediction columns of every null model.

    Args:
        genres: numbers of the train clips' genres, shape (n_train,).
        known: loudness of the train clips, see `muso_exp.sound.loudness.pooled_loudness`, shape
            (n_train, 3).
        asked: the same of the test clips, shape (n_rows, 3).
        n_genres: number of genres.

    Returns:
        `probabilities` (n_rows, n_genres), by null model: `prior` are the shares of train (its
        decision: the majority), `uniform` is a guess, `level` the loudness baseline on the level
        of the whole clip, `pooled_loudness` that on all three numbers.
    """
    prior = torch.bincount(genres, minlength=n_genres) / len(genres)
    uniform = torch.full_like(prior, 1 / n_genres)
    return {
        "prior": {"probabilities": prior.expand(len(asked), -1)},
        "uniform": {"probabilities": uniform.expand(len(asked), -1)},
        **{
            name: {
                "probabilities": loudness_baseline(
                    known[:, :n], genres.numpy(), asked[:, :n], n_genres
                )
            }
            for name, n in (("level", 1), ("pooled_loudness", 3))
        },
    }


def artist_shares(genres: Tensor, known: np.ndarray, asked: np.ndarray, n_genres: int) -> Tensor:
    """Return the shares of genres of each artist's train clips, (n_asked, n_genres), float64.

    The shares of all train clips count as one more clip of each artist.

    Args:
        genres: numbers of the train clips' genres, shape (n_train,).
        known: artists of the train clips, shape (n_train,).
        asked: artists of the clips to classify, shape (n_asked,).
        n_genres: number of genres.
    """
    own = np.eye(n_genres)[genres.numpy()]
    return torch.from_numpy(artist_means(own, known, asked, prior_rows=1))


def loudness_baseline(
    known: np.ndarray, genres: np.ndarray, asked: np.ndarray, n_genres: int
) -> Tensor:
    """Return the probability of each genre by the loudness alone, (n_asked, n_genres), float64.

    Multinomial logistic regression; a genre without train clips has probability 0.

    Args:
        known: loudness of the train clips, in dB, shape (n_train, D).
        genres: their genres, 0 to n_genres - 1, shape (n_train,).
        asked: loudness of the clips to classify, shape (n_asked, D).
        n_genres: number of genres.
    """
    present = np.unique(genres)
    probabilities = torch.zeros(len(asked), n_genres, dtype=torch.float64)
    if len(present) == 1:
        probabilities[:, present] = 1.0
        return probabilities
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(known, genres)
    probabilities[:, present] = torch.from_numpy(model.predict_proba(asked))
    return probabilities
