from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from implicit.cpu.als import AlternatingLeastSquares
from pytest import approx
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, evaluate, fit, halves, plays
from scipy.sparse import csr_matrix
from torch import Tensor

from muso_exp.errors import ConfigError
from muso_exp.models.wmf import GRID, WMF

SIZES = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": CUTOFFS}


def losses(model: WMF, epochs: int) -> list[float]:
    values = []
    model.log = lambda name, value, **options: values.append(value)
    fit(model, plays(), epochs=epochs)
    return values


@pytest.mark.parametrize("cg_steps", [0, 3])
def test_five_sweeps_equal_one_fit_of_five_by_implicit(cg_steps: int) -> None:
    model = WMF(**SIZES, n_factors=6, regularization=0.1, cg_steps=cg_steps, engine="implicit")
    als = AlternatingLeastSquares(6, 0.1, iterations=5, use_cg=cg_steps > 0)
    als.user_factors = model.user_factors.numpy().copy()
    als.item_factors = model.item_factors.numpy().copy()
    fit(model, plays(), epochs=5)
    als.fit(model.weigh(plays()), show_progress=False)
    np.testing.assert_array_equal(model.user_factors.numpy(), als.user_factors)
    np.testing.assert_array_equal(model.item_factors.numpy(), als.item_factors)


def test_our_sweeps_reach_the_objective_of_as_many_by_implicit() -> None:
    ours, theirs = (
        losses(WMF(**SIZES, n_factors=6, regularization=0.1, engine=engine), epochs=8)
        for engine in ("blocked", "implicit")
    )
    assert ours == approx(theirs, rel=1e-4)


def test_implicit_knows_no_bias() -> None:
    with pytest.raises(ConfigError, match=r"model\.engine=implicit knows no bias"):
        WMF(**SIZES, n_factors=6, bias=True, engine="implicit")


def test_a_sweep_solves_with_the_total_confidence() -> None:
    model = WMF(**SIZES, n_factors=4, regularization=0.5, confidence="linear", cg_steps=0)
    y = model.item_factors.double().numpy().copy()
    fit(model, plays())
    r = plays().toarray()[0].astype(float)
    c, p = 1 + 2 * r, (r > 0).astype(float)
    left = y.T @ (c[:, None] * y) + 0.5 * np.eye(4)
    expected = np.linalg.solve(left, y.T @ (c * p))
    assert model.user_factors[0].numpy() == approx(expected, rel=1e-3)


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"engine": "implicit"}])
@pytest.mark.parametrize("cg_steps", [0, 3])
def test_the_objective_falls_with_every_sweep(options: dict, cg_steps: int) -> None:
    model = WMF(**SIZES, n_factors=6, regularization=0.1, cg_steps=cg_steps, **options)
    values = losses(model, epochs=6)
    assert len(values) == 6
    assert all(after < before for before, after in pairwise(values))


def test_a_bias_in_place_of_a_factor_is_an_exact_solve_of_both_sides() -> None:
    model = WMF(**SIZES, n_factors=5, bias=True, cg_steps=0)
    fit(model, plays(), epochs=30)
    settled = model.objective(model.weigh(plays()))
    for name in ("user_factors", "item_factors"):
        moved = model.get_buffer(name).clone()
        moved[:, -1] += 0.05
        model.register_buffer(name, moved)
        assert model.objective(model.weigh(plays())) > settled


@pytest.mark.parametrize("bias", [False, True])
def test_a_resumed_fit_ends_where_an_unbroken_one_does(bias: bool, tmp_path: Path) -> None:
    def fresh() -> WMF:
        return WMF(**SIZES, n_factors=5, bias=bias)

    whole, first, second = fresh(), fresh(), fresh()
    fit(whole, plays(), epochs=4)
    trainer = fit(first, plays(), epochs=2, enable_checkpointing=True, default_root_dir=tmp_path)
    trainer.save_checkpoint(tmp_path / "two.ckpt")
    fit(second, plays(), epochs=4, ckpt_path=tmp_path / "two.ckpt")
    assert torch.equal(whole.item_factors, second.item_factors)
    assert torch.equal(whole.user_factors, second.user_factors)


def test_the_start_depends_on_the_seed_alone() -> None:
    def start(seed: int) -> Tensor:
        torch.manual_seed(7 * seed)
        return WMF(**SIZES, seed=1).item_factors

    assert torch.equal(start(1), start(2))
    assert not torch.equal(start(1), WMF(**SIZES, seed=2).item_factors)
    assert float(WMF(2000, 500, CUTOFFS).user_factors.std()) == approx(0.01, rel=0.02)


def test_the_bias_column_takes_part_in_scores_and_not_in_likeness() -> None:
    model = WMF(**SIZES, n_factors=5, bias=True)
    fit(model, plays(), epochs=3)
    x, y = model.user_factors, model.item_factors
    scores = x[:, :-1] @ y[:, :-1].T + x[:, -1:] + y[:, -1]
    assert torch.allclose(model.score_block(torch.arange(N_USERS)), scores, atol=1e-5)
    before = model.item_block(torch.arange(3))
    model.item_factors[:, -1] += 1
    assert torch.equal(model.item_block(torch.arange(3)), before)


def test_the_regularisation_is_chosen_once_and_kept_in_the_checkpoint() -> None:
    seen, _ = halves()
    model = WMF(**SIZES, n_factors=20, regularization="validation")
    assert np.isnan(model.regularization)
    fit(model, seen, epochs=3)
    assert model.regularization in GRID and model.regularization > GRID[0]
    fresh = WMF(**SIZES, n_factors=20, regularization="validation")
    state = model.state_dict()
    fresh.on_load_checkpoint({"state_dict": state})
    fresh.load_state_dict(state)
    assert fresh.regularization == model.regularization
    given = WMF(**SIZES, n_factors=20, regularization=model.regularization)
    fit(given, seen, epochs=3)
    assert torch.equal(given.item_factors, model.item_factors)  # the choice leaves no trace else
    assert given.settings_chosen() == {} and list(model.settings_chosen()) == ["regularization"]


@pytest.mark.parametrize(
    ("users", "why"),
    [
        (np.repeat(np.eye(3), 2, axis=1), "none of them is of an item that another user plays"),
        (np.ones((3, 2)), "it ranks them alike"),  # the item that is left is the one that is hidden
    ],
)
def test_where_what_is_held_out_says_nothing_nothing_is_said_to_be_chosen(
    users: np.ndarray, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = WMF(*users.shape, n_factors=2, regularization="validation")
    start = model.user_factors.clone()
    model.prepare(csr_matrix(users))
    assert model.regularization == GRID[0] and torch.equal(model.user_factors, start)
    assert model.settings_chosen() == {}
    assert f"not chosen on plays held out of training: {why}" in caplog.text


def test_a_chosen_regularisation_ranks_better_than_the_published_one_on_a_small_catalogue() -> None:
    seen, positives = halves()
    found = {}
    for strength in ("validation", 1e-5):
        model = WMF(**SIZES, n_factors=30, regularization=strength)
        fit(model, seen, epochs=10)
        found[strength] = evaluate(model, seen, positives)["map_at_10"]
    assert found["validation"] > found[1e-5] + 0.05


def test_weights_that_memory_does_not_hold_are_refused_before_a_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(WMF, "sweep", None)
    model = WMF(2, 3, n_factors=2)
    monkeypatch.setattr("muso_exp.memory.available_memory", lambda: 10)
    batch = {
        "crow_indices": torch.tensor([0, 2, 3]),
        "col_indices": torch.tensor([0, 1, 2], dtype=torch.int32),
        "values": torch.ones(3),
    }
    with pytest.raises(ConfigError, match=r"weights of 3 plays needs about .* 0\.0 GiB are free"):
        model.training_step(batch, 0)
