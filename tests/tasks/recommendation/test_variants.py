"""A hybrid beside its parts, and accuracy against diversity, on scores made by hand."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.features.ranking import rank_in_blocks
from muso_exp.metrics.base import WeightedMetric
from muso_exp.metrics.ranking import Coverage, IntraListDiversity, UserMean
from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.base import Model
from muso_exp.records import Batch
from muso_exp.tasks.recommendation.diversity_curve import CurveOptions, points, tradeoff
from muso_exp.tasks.recommendation.split_plays import HeldOut
from muso_exp.tasks.recommendation.variants import KnownUsers, Variants, parts_alone

N_USERS, N_ITEMS = 70, 40  # more users than a block


class Made(Model):
    """Knows what is held out: the whole puts it first, one part last, listening at random."""

    def __init__(self, held: csr_matrix) -> None:
        super().__init__()
        self.held = held.toarray()
        self.noise = np.random.default_rng(0).random(self.held.shape)

    def users(self, batch: Batch) -> np.ndarray:
        return batch["values"].numpy().astype(int)[batch["crow_indices"][:-1]] - 1

    def variant_scores(self, batch: Batch) -> dict[str, Tensor]:
        users = self.users(batch)
        own = {"good": self.held, "bad": -self.held, "listening": self.noise, "hybrid": self.held}
        return {name: torch.from_numpy(np.float32(scores[users])) for name, scores in own.items()}

    def part_scores(self, batch: Batch) -> Tensor:
        users = self.users(batch)
        return torch.from_numpy(np.float32(np.stack([self.noise[users], self.held[users]])))

    def blended(self, parts: Tensor, content_share: float) -> Tensor:
        return (1 - content_share) * parts[0] + content_share * parts[1]

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> dict[str, Tensor]:
        return {}


@pytest.fixture
def users() -> KnownUsers:
    """Each user knows one item, played as often as their number and 1, and three are held out."""
    rows = np.arange(N_USERS)
    known = csr_matrix((rows + 1.0, (rows, rows % N_ITEMS)), (N_USERS, N_ITEMS))
    columns = (rows[:, None] + [1, 2, 3]) % N_ITEMS
    held = csr_matrix((np.ones(3 * N_USERS), (np.repeat(rows, 3), columns.ravel())), known.shape)
    held.sort_indices()
    return KnownUsers("warm_items", HeldOut.of(known, held, None), known, [3, 10])


def test_the_hybrid_is_set_beside_each_part_paired_on_the_same_users(users: KnownUsers) -> None:
    (section,), (finding,) = parts_alone(
        Made(users.held.positives), Variants([users]), Bootstrap(50)
    )
    table = section.table.set_index("part")
    assert table.loc["hybrid", "ndcg_at_10"] == table.loc["good", "ndcg_at_10"] == pytest.approx(1)
    assert table.loc["bad", "auc"] == pytest.approx(0) and table.loc["bad", "ndcg_at_10"] == 0
    assert table.loc["bad", "hybrid_gain"] == pytest.approx(1)
    assert table["users"].eq(N_USERS).all()
    assert "not shown to differ from good; the best of the others is good (1.000" in finding.text
    assert finding.level == "note"


def test_users_who_are_scored_once_for_several_tests_rank_as_in_each_alone(
    users: KnownUsers,
) -> None:
    """Other candidates, some of the users, and users who are known by other plays."""
    held, known = users.held, users.known
    some = csr_matrix(held.positives.toarray() * (np.arange(N_USERS)[:, None] % 3 > 0))
    few = HeldOut.of(known, some, np.arange(5, 30)).with_units(
        np.zeros(N_ITEMS), np.arange(N_ITEMS)
    )
    fewer = KnownUsers("cold_items", few, csr_matrix(known), [3, 10])
    turned = csr_matrix(known.toarray()[::-1])
    others = KnownUsers(
        "cold_users", HeldOut.of(turned, held.positives[::-1], None), turned, [3, 10]
    )
    nobody = KnownUsers("none", HeldOut.of(known, csr_matrix(known.shape), None), known, [3, 10])
    model = Made(held.positives)
    variants = Variants([users, fewer, others, nobody])
    assert [test.name for test in variants.tests] == ["warm_items", "cold_items", "cold_users"]
    model.train()
    found = variants.of(model)
    assert variants.of(model) is found and model.training
    for test in variants.tests:
        own, noise = test.held, model.noise[:: -1 if test is others else 1].astype(np.float32)
        scores = noise[own.users] if own.candidates is None else noise[own.users][:, own.candidates]
        alone = rank_in_blocks(
            lambda start, stop, scores=scores: scores[start:stop],
            *own.rows(),
            own.n_items,
            test.cutoffs,
            users=own.users,
            longest=own.longest,
        )
        columns = found[test.name]["listening"]
        assert set(columns) == set(found[test.name]["hybrid"]) == set(alone)
        top = own.ids(alone["top"])  # of candidates, as the others count them
        assert columns.pop("top").tolist() == top.tolist()
        for name, column in columns.items():
            assert column.tolist() == alone[name].tolist(), name
        few = found[test.name]["bad"]
        assert set(few) < set(alone) and {"auc", "ndcg_at_10"} <= set(few) and "top" not in few
    assert "held_items" in found["cold_items"]["bad"]


def test_a_model_without_parts_has_no_table(users: KnownUsers) -> None:
    assert parts_alone(torch.nn.Identity(), Variants([users]), Bootstrap(10)) == ([], [])


def test_moving_the_blend_and_re_ranking_make_a_curve(users: KnownUsers) -> None:
    units = np.eye(4, dtype=np.float32)[np.arange(N_ITEMS) // 10]
    options = CurveOptions(content_shares=(0.0, 1.0), rerank=(0.0, 0.9))
    found = points(Made(users.held.positives), Variants([users]), units, options)
    assert [point.name for point in found] == [
        *("blend 0", "blend 1", "blend 0.5", "re-ranked 0", "re-ranked 0.9", "listening alone 0")
    ]
    by_name = {point.name: point.columns for point in found}
    assert by_name["blend 1"]["ndcg_at_3"].tolist() == pytest.approx([1] * N_USERS)
    assert (by_name["re-ranked 0"]["top"] == by_name["blend 0.5"]["top"]).all()
    assert by_name["listening alone 0"]["top"].tolist() == by_name["blend 0"]["top"].tolist()
    metrics: dict[str, WeightedMetric] = {
        "ndcg_at_3": UserMean("ndcg_at_3"),
        "metadata_diversity": IntraListDiversity(csr_matrix(units)),
    }
    weights = Bootstrap(50).weights(np.arange(N_USERS))
    (section,), (finding,) = tradeoff(found, metrics, weights)
    table = section.table.set_index(["recommended by", "strength"])["metadata_diversity"]
    assert table["re-ranked", 0.9] > table["blend", 0.5]
    assert section.figure()
    assert finding.check == "more_diverse_by_metadata"
    assert "metadata_diversity) than listening alone, at equal accuracy?" in finding.text


def test_the_interval_of_what_repeats_move_is_moved_back(users: KnownUsers) -> None:
    """A resample has fewer different users, whose lists hold fewer items."""
    found = points(Made(users.held.positives), Variants([users]), np.eye(N_ITEMS), CurveOptions())
    diversity = IntraListDiversity(csr_matrix(np.eye(N_ITEMS, dtype=np.float32)))
    metrics = {"ndcg_at_3": UserMean("ndcg_at_3"), "metadata_diversity": diversity}
    metrics |= {"coverage": Coverage(N_ITEMS)}
    weights = Bootstrap(50).weights(np.arange(N_USERS))
    ((section,), _) = tradeoff(found, metrics, weights)
    table = section.table
    assert (table["coverage_low"] <= table["coverage"]).all()
    assert (table["coverage"] <= table["coverage_high"]).all()


def test_lists_are_re_ranked_without_what_is_known(users: KnownUsers) -> None:
    units = np.eye(4, dtype=np.float32)[np.arange(N_ITEMS) // 10]
    found = points(
        Made(users.held.positives), Variants([users]), units, CurveOptions(rerank=(0.5,))
    )
    top = next(point.columns["top"] for point in found if point.kind == "re-ranked")
    assert not (top == (np.arange(N_USERS) % N_ITEMS)[:, None]).any()
    assert all(len(set(row)) == 10 for row in top.tolist())


@pytest.mark.parametrize("candidates", [None, np.arange(3, 38)])
def test_a_re_ranked_list_ranks_as_scores_in_which_it_is_the_largest(
    users: KnownUsers, candidates: np.ndarray | None
) -> None:
    held = HeldOut.of(users.known, users.held.positives, candidates)
    test = KnownUsers("warm_items", held, users.known, [3, 10])
    rng, n = np.random.default_rng(3), len(held.users)
    scores = rng.integers(0, 6, (n, N_ITEMS)).astype(np.float32)  # many are equal
    every = np.arange(N_ITEMS) if candidates is None else candidates
    chosen = np.full((n, 10), -1)
    for row, seen in enumerate(held.seen):
        able = np.setdiff1d(every, every[seen.indices])
        chosen[row] = rng.choice(able, 10, replace=False)
    put = scores.copy()
    np.put_along_axis(put, chosen, np.arange(20, 10, -1, dtype=np.float32)[None], axis=1)
    for rows in (slice(0, 40), slice(40, n)):
        own = scores[rows], chosen[rows]
        raised = test.raised(rows, own[0], test.places(rows, own[0]), own[1])
        for part, expected in zip(raised, test.places(rows, put[rows]), strict=True):
            assert part.tolist() == expected.tolist()
