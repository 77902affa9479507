"""The hybrid's parts and blend, on drawn listeners whose taste follows the content of items."""

import numpy as np
import pytest
from hybrid_worlds import OPTIONS, genre_world, hidden_within
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.blend_curve import BlendCurve, Choices, fit_blend, hats, knots_up_to
from muso_exp.features.hidden_items import hide_plays
from muso_exp.features.hybrid import (
    BlendSubset,
    HybridOptions,
    Validation,
    content_vectors,
    fit_hybrid,
    learn_curves,
)
from muso_exp.features.hybrid_parts import (
    LISTENING,
    PARTS,
    artist_factors,
    fit_content,
    fit_listening,
    has_artists,
    log_shares,
    reduced,
    z_scores,
)


def test_a_basis_is_one_at_its_knot_and_sums_to_one_everywhere() -> None:
    knots = np.array([0, 1, 3])
    assert hats(np.array([0, 1, 3, 50]), knots) == approx(np.eye(3)[[0, 1, 2, 2]])
    between = hats(np.array([2]), knots)[0]
    share = (np.log(3) - np.log(2)) / (np.log(4) - np.log(2))
    assert between == approx([0, 1 - share, share])


def test_knots_end_at_the_most_listeners_and_are_two_at_least() -> None:
    assert knots_up_to(12).tolist() == [0, 1, 3, 10]
    assert knots_up_to(0).tolist() == [0, 1]


def test_a_blend_is_the_weighted_sum_by_the_listeners_of_an_item() -> None:
    curve = BlendCurve(np.array([0, 1]), np.array([[0.0, 2.0], [1.0, 0.5]]), np.array([0.1, -0.1]))
    scores = np.array([[[1.0, 2.0]], [[3.0, 4.0]]], dtype=np.float32)
    assert curve.mix(scores, np.array([0, 1])) == approx(np.array([[6.1, 3.9]]), abs=1e-6)


def test_moving_a_blend_leaves_one_group_alone_at_its_ends_and_nothing_in_the_middle() -> None:
    curve = BlendCurve(np.array([0, 1]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2))
    groups = np.array([False, True])
    assert curve.moved(groups, 0).weights.tolist() == [[1, 0], [3, 0]]
    assert curve.moved(groups, 0.5).weights.tolist() == curve.weights.tolist()
    assert curve.moved(groups, 1).weights.tolist() == [[0, 2], [0, 4]]


def test_a_blend_trusts_each_part_where_it_knows_something() -> None:
    rng = np.random.default_rng(0)
    listeners = rng.choice([0, 10], (600, 5))
    scores = rng.standard_normal((600, 5, 2)).astype(np.float32)
    truth = np.where(listeners == 10, scores[..., 0], scores[..., 1])  # part 0 of the warm items
    best = truth.argmax(axis=1)
    rows = np.arange(600)
    for array in (listeners, scores):
        array[rows, 0], array[rows, best] = array[rows, best].copy(), array[rows, 0].copy()
    choices = Choices(scores, listeners, np.ones((600, 5), bool))
    curve = fit_blend(choices, np.array([0, 10]), np.array([True, True]))
    assert abs(curve.weights[0, 0]) < 0.3 < 1 < curve.weights[0, 1]
    assert abs(curve.weights[1, 1]) < 0.3 < 1 < curve.weights[1, 0]
    alone = fit_blend(choices, np.array([0, 10]), np.array([False, True]))
    assert not alone.weights[:, 0].any()


def test_a_blend_needs_something_to_learn_from() -> None:
    nothing = Choices(np.empty((0, 3, 2)), np.empty((0, 3)), np.empty((0, 3), bool))
    with pytest.raises(ValueError, match="no held-out item to learn a blend from; hold out more"):
        fit_blend(nothing, np.array([0, 1]), np.array([True, True]))


def test_hidden_items_lose_every_play_and_hidden_artists_every_item() -> None:
    plays, _, artist = genre_world()
    hidden = hide_plays(plays, artist, 0.1, 0.2, 0.25, 0)
    cold = hidden.cold_items | hidden.cold_artists
    assert not hidden.known[:, cold].nnz
    assert (hidden.known + hidden.hidden != plays).nnz == 0
    assert hidden.cold_items.sum() == round(0.1 * plays.shape[1])
    assert not np.isin(artist[hidden.cold_artists], artist[~hidden.cold_artists]).any()
    assert 0 < hidden.cold_artists.mean() <= 0.2
    assert not (hidden.cold_items & hidden.cold_artists).any()


def test_no_artist_is_hidden_where_every_item_is_its_own() -> None:
    plays, _, _ = genre_world()
    alone = np.arange(plays.shape[1])
    assert not hide_plays(plays, alone, 0.1, 0.2, 0.25, 0).cold_artists.any()
    assert not has_artists(alone) and has_artists(np.array([0, 0, 1]))


def test_z_scores_are_of_the_known_items_alone() -> None:
    known = np.array([True, True, False])
    assert z_scores(np.array([[1.0, 3.0, 99.0]]), known).tolist() == [[-1, 1, 0]]
    assert not z_scores(np.ones((1, 3)), np.zeros(3, bool)).any()
    assert not z_scores(np.ones((1, 3)), known).any()


def test_shares_of_log_plays_sum_to_one_or_nothing() -> None:
    rows = csr_matrix(np.array([[1.0, 0, 3.0], [0, 0, 0]]))
    total = np.log(2) + np.log(4)
    expected = [[np.log(2) / total, 0, np.log(4) / total], [0, 0, 0]]
    assert log_shares(rows).toarray() == approx(np.array(expected))


def test_reduced_vectors_have_length_one_or_none() -> None:
    vectors = csr_matrix(np.random.default_rng(0).random((20, 9)) * (np.arange(20) > 0)[:, None])
    short = reduced(vectors, 3, seed=0)
    assert short.shape == (20, 3)
    assert np.linalg.norm(short, axis=1) == approx(np.r_[0, np.ones(19)], abs=1e-5)


def test_factors_of_unheard_items_are_predicted_from_their_content() -> None:
    plays, vectors, _ = genre_world()
    cold = np.arange(plays.shape[1]) % 5 == 0
    known = csr_matrix(plays.multiply(~cold))
    known.eliminate_zeros()
    full = fit_listening(plays, OPTIONS.factors, 10.0)
    listening = fit_listening(csr_matrix(known, dtype=np.float32), OPTIONS.factors, 10.0)
    content = fit_content(reduced(vectors, 16, 0), listening)
    truth = (plays > 0).toarray()[:, cold]
    users = listening.row_factors(csr_matrix(known, dtype=np.float32))
    scores = users @ content.factors[cold].T
    assert scores[truth].mean() > scores[~truth].mean() + 0.1
    assert not listening.item_factors[cold].any() and full.item_factors[cold].any()


def test_content_of_fewer_than_two_heard_items_is_refused() -> None:
    plays, _, _ = genre_world()
    listening = fit_listening(plays, OPTIONS.factors, 10.0)
    with pytest.raises(ValueError, match="0 items with listeners and content; at least 2"):
        fit_content(np.zeros((plays.shape[1], 3), dtype=np.float32), listening)


def test_more_factors_than_users_or_items_are_refused() -> None:
    plays, _, _ = genre_world()
    with pytest.raises(ValueError, match="n_factors=40: at most 30 here"):
        fit_listening(plays[:30], HybridOptions().factors, 10.0)


def test_an_artist_without_heard_items_has_no_mean() -> None:
    plays, _, artist = genre_world()
    known = csr_matrix(plays.multiply(artist != artist[0]), dtype=np.float32)
    known.eliminate_zeros()
    means = artist_factors(fit_listening(known, OPTIONS.factors, 10.0), artist)
    assert not means[artist == artist[0]].any()
    assert means[artist != artist[0]].any(axis=1).all()


def test_content_ranks_hidden_items_and_shuffled_content_does_not() -> None:
    plays, vectors, artist = genre_world()
    hidden = hide_plays(plays, artist, 0.2, 0.0, 0.2, 1)
    cold, truth = hidden.cold_items, (hidden.hidden > 0).toarray()
    order = np.random.default_rng(0).permutation(plays.shape[1])
    auc = {}
    for name, own in (("own", vectors), ("shuffled", vectors[order])):
        dense = content_vectors(csr_matrix(own), np.zeros(own.shape[1], bool), 16, 0)
        alone = np.arange(len(artist))
        within = hidden_within(hidden.known, dense, alone)
        hybrid = fit_hybrid(hidden.known, dense, alone, within, OPTIONS)
        scores = hybrid.scores(hidden.known)[:, cold]
        played, other = scores[truth[:, cold]], scores[~truth[:, cold]]
        auc[name] = (played[:, None] > other[None, :]).mean()
    assert auc["own"] > 0.75
    assert 0.4 < auc["shuffled"] < 0.6


def test_each_subset_of_parts_has_a_curve_of_its_own() -> None:
    plays, vectors, artist = genre_world()
    dense = content_vectors(vectors, np.zeros(vectors.shape[1], bool), 16, 0)
    listening = np.isin(PARTS, LISTENING)
    validation = Validation.of(plays, hidden_within(plays, dense, artist), artist, OPTIONS)
    every, alone = learn_curves(validation, OPTIONS, [BlendSubset(), BlendSubset(listening)])
    assert not alone.weights[:, ~listening].any() and alone.weights[:, listening].any()
    assert every.weights[:, [PARTS.index("metadata_factors"), PARTS.index("artist_mean")]].any()
    assert not every.weights[:, PARTS.index("sound_factors")].any()


def test_a_listener_without_any_play_gets_the_most_popular_items() -> None:
    plays, vectors, artist = genre_world()
    dense = content_vectors(vectors, np.zeros(vectors.shape[1], bool), 16, 0)
    rows = csr_matrix((1, plays.shape[1]), dtype=np.float32)
    within = hidden_within(plays, dense, artist)
    scores = fit_hybrid(plays, dense, artist, within, OPTIONS).scores(rows)[0]
    assert scores.tolist() == np.diff(plays.tocsc().indptr).tolist()
