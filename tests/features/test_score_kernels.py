"""Each loop against the same in numpy, to the last bit."""

import numpy as np
from scipy.sparse import csr_matrix, random_array

from muso_exp.features import score_kernels
from muso_exp.features.score_kernels import z_scores


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(2, 3, shape).astype(np.float32)


def test_z_scores_are_those_of_numpy_to_the_last_bit() -> None:
    scores, known = drawn(7, 501), np.random.default_rng(1).random(501) < 0.7
    scores[3] = 1.5  # all equal
    own = np.asfortranarray(scores[:, known])
    mean, spread = own.mean(axis=1, keepdims=True), own.std(axis=1, keepdims=True)
    by_numpy = np.where(known, (scores - mean) / np.where(spread > 1e-9, spread, np.inf), 0)
    assert z_scores(scores, known).tolist() == by_numpy.astype(np.float32).tolist()
    assert z_scores(np.asfortranarray(scores), known).tolist() == z_scores(scores, known).tolist()


def test_a_mix_adds_the_weighted_parts_one_after_another() -> None:
    scores, weights, offsets = drawn(3, 5, 90), drawn(3, 90), drawn(90)
    out = np.empty((5, 90), dtype=np.float32)
    score_kernels.mix(scores, np.array([0, 2]), weights, offsets, out)
    assert (out == (offsets + weights[0] * scores[0]) + weights[2] * scores[2]).all()


def test_scores_by_the_users_side_are_those_of_their_formula() -> None:
    rng = np.random.default_rng(2)
    rows = csr_matrix(random_array((5, 150), density=0.1, rng=rng, dtype=np.float32))
    explained, diagonal = drawn(5, 150), rng.random(150).astype(np.float32) + 1
    out, strength = np.empty((5, 150), dtype=np.float32), np.float32(250)
    lists = rows.indptr, rows.indices, rows.data
    score_kernels.from_users(*lists, np.ascontiguousarray(explained.T), strength, diagonal, out)
    x = rows.toarray()
    assert (out == x - (x - explained) / strength / diagonal).all()
