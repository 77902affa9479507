"""The hybrid as a model: what it learns, keeps in a checkpoint, and refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from continuation_models import fit, known_content
from pytest import approx
from ranking_world import CUTOFFS, N_ITEMS, N_USERS, eval_batch, halves
from scipy.sparse import csr_matrix

from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.features.hybrid import HybridOptions
from muso_exp.features.hybrid_parts import PARTS
from muso_exp.models.abilities import FoldsIn, MovesToContent, ask
from muso_exp.models.hybrid import Hybrid
from muso_exp.models.shown_abilities import HasPartWeights

SMALL = HybridOptions(
    factors=FactorOptions(n_factors=4, iterations=5, regularization=1.0, epsilon=1.0),
    ease_regularization=10.0,
)
CONF = Path(__file__).parents[2] / "conf" / "model" / "hybrid.yaml"


def made(**options: object) -> Hybrid:
    return Hybrid(N_USERS, N_ITEMS, 5, CUTOFFS, **{"fit": SMALL, **options})


@pytest.fixture(scope="module")
def cold() -> np.ndarray:
    return np.arange(N_ITEMS) % 5 == 0


@pytest.fixture(scope="module")
def trained(cold: np.ndarray) -> Hybrid:
    seen = csr_matrix(halves()[0].multiply(~cold), dtype=np.float32)
    seen.eliminate_zeros()
    return fit(made(), seen)


def test_items_without_listeners_are_ranked_by_their_content(
    trained: Hybrid, cold: np.ndarray
) -> None:
    scores = trained.score_block(torch.arange(N_USERS)).numpy()[:, cold]
    same = (np.arange(N_USERS)[:, None] + np.flatnonzero(cold)) % 2 == 0
    assert (scores[same][:, None] > scores[~same][None]).mean() > 0.9


def test_a_reloaded_hybrid_answers_exactly_the_same(trained: Hybrid) -> None:
    state = {"state_dict": trained.state_dict()}
    fresh = made()
    fresh.on_load_checkpoint(state)
    fresh.load_state_dict(state["state_dict"])
    batch = eval_batch(*halves())
    before, after = trained.predict_step(batch), fresh.predict_step(batch)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_one_part_alone_ranks_by_its_own_scores(cold: np.ndarray) -> None:
    model = fit(made(parts=["metadata_profile"]), halves()[0])
    users = np.arange(7)
    own = model.solution.parts.scores(halves()[0][users])[PARTS.index("metadata_profile")]
    assert model.score_block(torch.from_numpy(users)).numpy() == approx(own, abs=1e-6)


def test_moved_to_listening_alone_items_without_listeners_tie(
    trained: Hybrid, cold: np.ndarray
) -> None:
    rows = halves()[0][:5]
    alone = trained.moved(0.0).scores(rows)[:, cold]
    assert alone == approx(np.broadcast_to(alone[:1, :1], alone.shape), abs=1e-6)
    assert np.ptp(trained.moved(1.0).scores(rows)[:, cold], axis=1).min() > 0.1
    even = trained.moved(0.5).scores(rows)
    assert even == approx(trained.solution.scores(rows), abs=1e-6)


def test_it_folds_in_and_gives_its_weights_by_listeners(trained: Hybrid) -> None:
    assert isinstance(trained, FoldsIn) and isinstance(trained, HasPartWeights)
    found = ask(trained.part_weights)
    assert found.parts == PARTS  # metadata, sound and artists are all there
    sizes = len(found.listeners), len(found.artist_listeners)
    assert found.weights.shape == (*sizes, len(PARTS)) and sizes[1] > 1
    assert found.listeners[0] == 0 == found.artist_listeners[0]
    assert not found.weights[:, 0, PARTS.index("artist_mean")].any()


def test_a_checkpoint_of_before_the_artists_counted_answers_the_same(trained: Hybrid) -> None:
    state = {name: value.clone() for name, value in trained.state_dict().items()}
    for name in ("weights", "offsets"):  # the same whatever the artist, as it was then
        axis = -2 if name == "weights" else -1
        for learned in (name, f"other_{name}"):
            state[learned] = state[learned].select(axis, 0)
    for learned in ("weights", "other_weights"):
        state[learned] = state[learned][..., :-1]  # artist_profile was no part
    del state["artist_knots"], state["artist_listeners"], state["artist"]
    old = made()
    old.on_load_checkpoint({"state_dict": state})
    old.load_state_dict(state)
    curve = old.solution.curve
    assert curve.artist_knots.tolist() == [0]
    assert curve.weights[:, 0, :-1] == approx(trained.solution.curve.weights[:, 0, :-1])
    assert not curve.weights[..., -1].any()
    assert "artist_profile" not in np.array(PARTS)[old.solution.parts.used()]
    assert torch.isfinite(old.score_block(torch.arange(3))).all()


def test_a_part_that_the_data_lack_is_refused() -> None:
    content = known_content() | {"content_is_sound": torch.zeros(5, dtype=torch.bool)}
    with pytest.raises(ConfigError, match="model=hybrid: no sound_profile here; there are ease, w"):
        fit(made(parts=["sound_profile", "wmf"]), halves()[0], **content)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.parts: no part 'lyrics'; choose of ease, wmf"):
        made(parts=["lyrics"])


def test_the_configuration_holds_the_constructor_s_own_defaults() -> None:
    config = yaml.safe_load(CONF.read_text())
    fitted = config["fit"]
    default = HybridOptions()
    assert all(getattr(default, k) in (v, 0) for k, v in fitted.items() if k != "factors")
    assert all(getattr(default.factors, k) in (v, 0) for k, v in fitted["factors"].items())


def test_the_blend_moves_without_a_new_fit(trained: Hybrid, cold: np.ndarray) -> None:
    seen = csr_matrix(halves()[0].multiply(~cold), dtype=np.float32)[:3]
    seen.eliminate_zeros()
    batch = {
        "crow_indices": torch.from_numpy(seen.indptr.astype(np.int64)),
        "col_indices": torch.from_numpy(seen.indices.astype(np.int64)),
        "values": torch.from_numpy(seen.data),
    }
    assert isinstance(trained, MovesToContent)
    parts = ask(trained.part_scores, batch)
    torch.testing.assert_close(ask(trained.blended, parts, 0.5), ask(trained.score_new, batch))
    for share in (0.0, 0.3, 1.0):
        expected = torch.from_numpy(trained.moved(share).scores(seen))
        torch.testing.assert_close(ask(trained.blended, parts, share), expected)
    lengths = ask(trained.content_vectors).norm(dim=1)
    assert lengths[lengths > 0].numpy() == approx(1, abs=1e-5)
