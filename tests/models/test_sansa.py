"""The sparse form of EASE, where its package is there."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, eval_batch, evaluate, fit, halves
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.models.ease import EASE
from muso_exp.models.popularity import Popularity
from muso_exp.models.sansa import SANSA

SIZES = {"n_users": N_USERS, "n_items": N_ITEMS, "cutoffs": CUTOFFS}
needs_sansa = pytest.mark.skipif(
    find_spec("sansa") is None,
    reason="sansa is not here: libsuitesparse-dev, and pip install 'muso_exp[sansa]'",
)


@needs_sansa
@pytest.mark.parametrize("weighting", ["binary", "relative_log"])
def test_with_all_entries_it_ranks_as_ease(weighting: str) -> None:
    seen, positives = halves()
    options = {"regularization": 20.0, "weighting": weighting, "popularity_exponent": 0.25}
    dense, sparse = (
        EASE(**SIZES, **options),  # type: ignore[arg-type]
        SANSA(**SIZES, **options, density=1.0, factorizer="cholesky"),  # type: ignore[arg-type]
    )
    for model in (dense, sparse):
        fit(model, seen)
    users = torch.arange(N_USERS)
    unseen = torch.from_numpy(seen.toarray() == 0)
    exact, found = (model.score_block(users)[unseen] for model in (dense, sparse))
    assert torch.corrcoef(torch.stack([exact, found]))[0, 1] > 0.999
    assert evaluate(sparse, seen, positives)["auc"] == pytest.approx(
        evaluate(dense, seen, positives)["auc"], abs=0.005
    )


@needs_sansa
def test_few_entries_beat_popularity_and_are_all_that_is_kept() -> None:
    seen, positives = halves()
    model, popular = SANSA(**SIZES, regularization=5.0, density=0.5), Popularity(**SIZES)
    for one in (model, popular):
        fit(one, seen)
    own, null = (evaluate(one, seen, positives)["auc"] for one in (model, popular))
    assert own > null + 0.1
    for side in ("left", "right"):
        assert len(model.get_buffer(f"{side}_values")) <= 0.5 * N_ITEMS**2
    fresh = SANSA(**SIZES, regularization=5.0, density=0.5)
    checkpoint = {"state_dict": model.state_dict()}
    fresh.on_load_checkpoint(checkpoint)
    fresh.load_state_dict(checkpoint["state_dict"])
    batch = eval_batch(seen, positives)
    before, after = model.predict_step(batch), fresh.predict_step(batch)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_without_its_package_the_fit_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sansa", None)
    with pytest.raises(ConfigError, match=r"model=sansa needs SuiteSparse .* 'muso_exp\[sansa\]'"):
        fit(SANSA(**SIZES), halves()[0])


@needs_sansa
def test_a_gram_matrix_that_is_not_positive_definite_is_refused() -> None:
    model = SANSA(**SIZES, regularization=1e-30, factorizer="cholesky")
    twice = csr_matrix(np.ones((N_USERS, N_ITEMS), dtype=np.float32))
    with pytest.raises(ConfigError, match=r"not positive definite.*model.regularization=1e-30"):
        fit(model, twice)
