from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import binary_dilation
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from muso_exp.features.graph import (
    bfs_distances,
    chain_relations,
    dilation_distances,
    friend_chain,
    metric_closure,
    triangle_violations,
)


def graph(n_users: int, edges: list[tuple[int, int]]) -> csr_matrix:
    dense = np.zeros((n_users, n_users), dtype=np.int8)
    for a, b in edges:
        dense[a, b] = dense[b, a] = 1
    return csr_matrix(dense)


def random_graph(n_users: int, share: float, seed: int) -> csr_matrix:
    upper = np.triu(np.random.default_rng(seed).random((n_users, n_users)) < share, k=1)
    return csr_matrix(upper | upper.T)


PATH = graph(5, [(0, 1), (1, 2), (2, 3)])


def test_steps_are_counted_along_a_path_and_nobody_reaches_a_loner() -> None:
    assert bfs_distances(PATH)[0].tolist() == [0, 1, 2, 3, -1]


def test_only_the_asked_sources_are_returned_in_their_order() -> None:
    assert bfs_distances(PATH, np.array([3, 4])).tolist() == [[3, 2, 1, 0, -1], [-1] * 4 + [0]]


def test_a_one_way_edge_is_walked_from_row_to_column_only() -> None:
    one_way = csr_matrix(np.array([[0, 1], [0, 0]]))
    assert bfs_distances(one_way).tolist() == [[0, 1], [-1, 0]]


def test_distances_equal_those_of_scipy() -> None:
    adjacency = random_graph(120, 0.02, seed=1)
    expected = shortest_path(adjacency, unweighted=True)
    assert (np.where(np.isinf(expected), -1, expected) == bfs_distances(adjacency)).all()


def test_an_adjacency_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match=r"square, got shape \(2, 3\)"):
        bfs_distances(csr_matrix((2, 3)))


def test_a_chain_without_other_friends_is_labelled_by_position() -> None:
    positions = np.arange(7)
    label = dilation_distances(chain_relations(csr_matrix((7, 7)), positions))
    assert (label == abs(positions[:, None] - positions)).all()


def test_a_friendship_across_the_chain_shortens_its_neighbourhood() -> None:
    label = dilation_distances(chain_relations(graph(6, [(0, 5)]), np.arange(6)))
    assert label[0].tolist() == [0, 1, 2, 3, 2, 1]


def test_dilation_labels_equal_those_of_the_dilation_loop() -> None:
    near = chain_relations(random_graph(40, 0.02, seed=2), np.arange(40))
    grown, expected, step = near, near.astype(int), 1
    while not grown.all():
        step += 1
        new = binary_dilation(grown) & ~grown
        expected[new] = step
        grown = grown | new
    np.fill_diagonal(expected, 0)
    assert (dilation_distances(near) == expected).all()


def test_dilation_needs_a_square_matrix() -> None:
    with pytest.raises(ValueError, match=r"near must be square, got shape \(2, 3\)"):
        dilation_distances(np.ones((2, 3), dtype=bool))


def test_dilation_needs_two_related_users() -> None:
    with pytest.raises(ValueError, match="relates no two users"):
        dilation_distances(np.eye(3, dtype=bool))


def test_a_chain_visits_nobody_twice_and_steps_between_friends() -> None:
    adjacency = random_graph(200, 0.05, seed=3)
    chain = friend_chain(adjacency, 7, 60, np.random.default_rng(0))
    assert chain[0] == 7 and len(set(chain)) == 60
    assert (np.asarray(adjacency[chain[:-1], chain[1:]]) == 1).all()


def test_a_dead_end_is_left_and_the_walk_goes_on_from_the_one_before() -> None:
    star_with_tail = graph(6, [(0, 1), (0, 2), (0, 3), (3, 4), (4, 5)])
    for seed in range(8):
        chain = friend_chain(star_with_tail, 0, 4, np.random.default_rng(seed))
        assert chain.tolist() == [0, 3, 4, 5]


def test_a_chain_that_cannot_grow_long_enough_is_refused() -> None:
    with pytest.raises(ValueError, match="no chain of 5 users starts at user 0: 4 were reached"):
        friend_chain(PATH, 0, 5, np.random.default_rng(0))


def test_a_detour_counts_once_for_each_direction() -> None:
    label = np.array([[0, 1, 5], [1, 0, 1], [5, 1, 0]])
    assert triangle_violations(label) == 2
    assert triangle_violations(bfs_distances(PATH)) == 0


def test_closing_a_label_cuts_it_down_to_a_metric() -> None:
    closed = metric_closure(
        np.array([[0, 1, 5, -1], [1, 0, 1, -1], [5, 1, 0, -1], [-1, -1, -1, 0]])
    )
    assert closed.tolist() == [[0, 1, 2, -1], [1, 0, 1, -1], [2, 1, 0, -1], [-1, -1, -1, 0]]
    assert triangle_violations(closed) == 0


def test_closing_a_metric_changes_nothing() -> None:
    distances = bfs_distances(random_graph(60, 0.05, seed=4))
    assert (metric_closure(distances) == distances).all()


def test_the_memory_order_of_a_label_does_not_matter() -> None:
    label = np.array([[0, 1, 5], [1, 0, 1], [5, 1, 0]])
    assert (metric_closure(np.asfortranarray(label)) == metric_closure(label)).all()


@pytest.mark.data
def test_the_published_train_label_breaks_the_triangle_400_times(real_data: Path) -> None:
    path = real_data / "muso-lastfm-chains" / "train_dos.csv"
    label = pd.read_csv(path, index_col=0, keep_default_na=False).to_numpy()
    assert label.shape == (30, 30)
    assert triangle_violations(label) == 400
    assert triangle_violations(metric_closure(label)) == 0
