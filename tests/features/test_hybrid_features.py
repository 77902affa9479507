"""The hybrid's parts and blend, on drawn listeners whose taste follows the content of items."""

import numpy as np
import pytest
from hybrid_worlds import OPTIONS, genre_world, hidden_within
from pytest import approx
from scipy.sparse import csr_matrix

from muso_exp.features.audience import Audience, artist_listeners
from muso_exp.features.blend_curve import (
    BlendCurve,
    Choices,
    artist_knots_up_to,
    fit_blend,
    hats,
    knots_up_to,
)
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
    Artists,
    fit_artists,
    fit_content,
    fit_listening,
    has_artists,
    log_shares,
    reduced,
)
from muso_exp.features.score_kernels import z_scores

NO_LISTENERS = np.array([0])  # the knot of artists without listeners


def of_nobody(listeners: np.ndarray) -> Audience:
    return Audience(listeners, np.zeros_like(listeners))


def test_a_basis_is_one_at_its_knot_and_sums_to_one_everywhere() -> None:
    knots = np.array([0, 1, 3])
    assert hats(of_nobody(np.array([0, 1, 3, 50])), knots, NO_LISTENERS) == approx(
        np.eye(3)[[0, 1, 2, 2]]
    )
    between = hats(of_nobody(np.array([2])), knots, NO_LISTENERS)[0]
    share = (np.log(3) - np.log(2)) / (np.log(4) - np.log(2))
    assert between == approx([0, 1 - share, share])


def test_a_basis_of_item_and_artist_is_the_product_of_both() -> None:
    knots, artists = np.array([0, 1]), np.array([0, 3])
    found = hats(Audience(np.array([0, 1]), np.array([1, 3])), knots, artists)
    half = np.log(2) / np.log(4)
    assert found == approx(np.array([[1 - half, half, 0, 0], [0, 0, 0, 1]]))


def test_knots_end_at_the_most_listeners_and_are_two_at_least() -> None:
    assert knots_up_to(12).tolist() == [0, 1, 3, 10]
    assert knots_up_to(0).tolist() == [0, 1]


def test_artist_knots_reach_the_most_listeners_and_are_one_where_there_are_none() -> None:
    assert artist_knots_up_to(0).tolist() == [0]
    assert artist_knots_up_to(2).tolist() == [0, 3]
    assert artist_knots_up_to(31).tolist() == [0, 3, 30, 300]
    assert artist_knots_up_to(9999).tolist() == [0, 3, 30, 300]


def test_listeners_of_an_artist_are_those_of_the_other_items_each_counted_once() -> None:
    plays = csr_matrix(np.array([[1, 1, 0, 0], [0, 2, 0, 1], [0, 0, 0, 1]], dtype=np.float32))
    found = artist_listeners(plays, np.array([0, 0, 0, 1]))
    assert found.tolist() == [2, 1, 2, 0]  # by hand: users 0 and 1; user 0; users 0 and 1; none


def test_a_blend_is_the_weighted_sum_by_the_listeners_of_an_item() -> None:
    weights = np.array([[[0.0, 2.0]], [[1.0, 0.5]]])
    curve = BlendCurve(np.array([0, 1]), NO_LISTENERS, weights, np.array([[0.1], [-0.1]]))
    scores = np.array([[[1.0, 2.0]], [[3.0, 4.0]]], dtype=np.float32)
    assert curve.mix(scores, of_nobody(np.array([0, 1]))) == approx(
        np.array([[6.1, 3.9]]), abs=1e-6
    )


def test_moving_a_blend_leaves_one_group_alone_at_its_ends_and_nothing_in_the_middle() -> None:
    weights = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    curve = BlendCurve(np.array([0, 1]), NO_LISTENERS, weights, np.zeros((2, 1)))
    groups = np.array([False, True])
    assert curve.moved(groups, 0).weights.tolist() == [[[1, 0]], [[3, 0]]]
    assert curve.moved(groups, 0.5).weights.tolist() == curve.weights.tolist()
    assert curve.moved(groups, 1).weights.tolist() == [[[0, 2]], [[0, 4]]]


def best_of(known: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two parts (600, 5, 2), part 0 true where known (600, 5), the best item first."""
    scores = np.random.default_rng(seed).standard_normal((600, 5, 2)).astype(np.float32)
    truth = np.where(known, scores[..., 0], scores[..., 1])
    best, rows = truth.argmax(axis=1), np.arange(600)
    order = np.tile(np.arange(5), (600, 1))
    order[:, 0], order[rows, best] = best, 0
    return np.take_along_axis(scores, order[..., None], axis=1), order


def test_a_blend_trusts_each_part_where_it_knows_something() -> None:
    drawn = np.random.default_rng(1).choice([0, 10], (600, 5))
    scores, order = best_of(drawn == 10)  # part 0 of the warm items
    listeners = np.take_along_axis(drawn, order, axis=1)
    choices = Choices(scores, of_nobody(listeners), np.ones((600, 5), bool))
    curve = fit_blend(choices, np.array([0, 10]), NO_LISTENERS, np.array([True, True]))
    cold, warm = curve.weights[:, 0]
    assert abs(cold[0]) < 0.2 * cold[1] and abs(warm[1]) < 0.2 * warm[0]
    alone = fit_blend(choices, np.array([0, 10]), NO_LISTENERS, np.array([False, True]))
    assert not alone.weights[..., 0].any()


def test_a_blend_learns_of_cold_items_whether_their_artist_is_known() -> None:
    drawn = np.random.default_rng(1).choice([0, 30], (600, 5))
    scores, order = best_of(drawn == 30)  # part 0 where the artist is known
    artists = np.take_along_axis(drawn, order, axis=1)
    choices = Choices(scores, Audience(np.zeros_like(artists), artists), np.ones((600, 5), bool))
    curve = fit_blend(choices, np.array([0, 1]), np.array([0, 30]), np.array([True, True]))
    unknown, known = curve.weights[0]
    assert abs(unknown[0]) < 0.2 * unknown[1] and abs(known[1]) < 0.2 * known[0]
    blind = fit_blend(choices, np.array([0, 1]), NO_LISTENERS, np.array([True, True])).weights[0, 0]
    assert min(blind) > 0.3 * max(blind)


def test_a_blend_needs_something_to_learn_from() -> None:
    nothing = Choices(
        np.empty((0, 3, 2)), of_nobody(np.empty((0, 3))), np.empty((0, 3), dtype=bool)
    )
    with pytest.raises(ValueError, match="no held-out item to learn a blend from; hold out more"):
        fit_blend(nothing, np.array([0, 1]), NO_LISTENERS, np.array([True, True]))


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
    found = fit_artists(fit_listening(known, OPTIONS.factors, 10.0), artist)
    assert found is not None
    assert not found.factors[artist == artist[0]].any()
    assert (found.known == (artist != artist[0])).all()


def test_a_row_s_items_are_counted_for_each_artist() -> None:
    artists = Artists(np.array([1, 0, 1, 2]), np.ones((4, 2), dtype=np.float32))
    rows = csr_matrix(np.array([[3, 0, 1, 0], [0, 7, 0, 0]], dtype=np.float32))
    expected = np.log1p([[2, 0, 2, 0], [0, 1, 0, 0]])
    assert artists.played(rows) == approx(expected)


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
    assert not alone.weights[..., ~listening].any() and alone.weights[..., listening].any()
    assert every.weights[..., [PARTS.index("metadata_factors"), PARTS.index("artist_mean")]].any()
    assert not every.weights[..., PARTS.index("sound_factors")].any()


def test_a_listener_without_any_play_gets_the_most_popular_items() -> None:
    plays, vectors, artist = genre_world()
    dense = content_vectors(vectors, np.zeros(vectors.shape[1], bool), 16, 0)
    rows = csr_matrix((1, plays.shape[1]), dtype=np.float32)
    within = hidden_within(plays, dense, artist)
    scores = fit_hybrid(plays, dense, artist, within, OPTIONS).scores(rows)[0]
    assert scores.tolist() == np.diff(plays.tocsc().indptr).tolist()
