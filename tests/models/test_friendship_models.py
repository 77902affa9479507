"""Every model of conf/model that scores pairs of users, by contract; a new one needs no edit."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import yaml
from hydra.utils import get_class
from scipy.sparse import csr_matrix
from torch.utils.data import DataLoader

from muso_exp.features.networks import (
    FRIENDS,
    MATCHED,
    RANDOM,
    Network,
    all_pair_scores,
    as_tensors,
    friendships,
)
from muso_exp.models.friend_fusion import FriendFusion
from muso_exp.models.friendship import PairScorer, fit_parts
from muso_exp.records import Batch

CONF = Path(__file__).parents[2] / "conf" / "model"


def is_pair_scorer(path: Path) -> bool:
    return issubclass(get_class(yaml.safe_load(path.read_text())["_target_"]), PairScorer)


MODELS = [path.stem for path in sorted(CONF.glob("*.yaml")) if is_pair_scorer(path)]
N_USERS = 60


def network() -> Network:
    rng = np.random.default_rng(1)
    circle = np.arange(N_USERS) % 2
    near = (circle[:, None] == circle) & (rng.random((N_USERS, N_USERS)) < 0.3)
    plays = rng.poisson(np.where(circle[:, None] == np.arange(50) % 2, 1.0, 0.05))
    pairs = np.argwhere(np.triu(near, 1))
    return Network(friendships(pairs, N_USERS), csr_matrix(plays.astype(np.float32)))


def batch() -> Batch:
    """Friends within a circle against users of both circles."""
    whole, rng = network(), np.random.default_rng(2)
    friends = rng.permutation(np.argwhere(np.triu(whole.friends.toarray(), 1)))[:60]
    even, odd = (rng.permutation(np.arange(first, N_USERS, 2)) for first in (0, 1))
    others = np.tile(np.stack([even, odd], axis=1), (4, 1))
    kind = np.where(np.arange(len(others)) % 2, RANDOM, MATCHED)
    pairs = torch.from_numpy(np.concatenate([friends, others]))
    target = torch.from_numpy(np.concatenate([np.full(60, FRIENDS), kind]))
    fold = torch.arange(len(pairs)) % 2
    row = torch.arange(len(pairs))
    return {**as_tensors(whole), "pairs": pairs, "target": target, "fold": fold, "row": row}


def build(name: str) -> PairScorer:
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    cls = get_class(config.pop("_target_"))
    plain = {key: value for key, value in config.items() if key not in ("trees", "factors")}
    return cls(**plain)


@pytest.fixture(params=MODELS)
def fitted(request: pytest.FixtureRequest, tmp_path: Path) -> PairScorer:
    model = build(request.param)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, default_root_dir=tmp_path, **quiet)
    trainer.fit(model, DataLoader([batch()], batch_size=None))
    assert trainer.global_step == 1
    torch.save(model.state_dict(), tmp_path / "state.pt")
    again = build(request.param)
    saved = {"state_dict": torch.load(tmp_path / "state.pt", weights_only=True)}
    again.on_load_checkpoint(saved)
    again.load_state_dict(saved["state_dict"])
    asked = batch()
    for name, column in model.columns(asked).items():
        assert again.columns(asked)[name].equal(column)
    return again


def test_friends_score_higher_and_pairs_are_rows_of_all_scores(fitted: PairScorer) -> None:
    asked = batch()
    columns = fitted.columns(asked)
    assert set(columns) == {"affinity", "matched_affinity"}
    score = columns["affinity"]
    assert score.dtype == torch.float32 and score.isfinite().all()
    table = all_pair_scores(fitted.row_scores(network()), N_USERS)
    pairs = asked["pairs"].numpy()
    cells = table[pairs[:, 0], pairs[:, 1]]
    assert cells == pytest.approx(score.numpy(), rel=1e-3, abs=1e-4)
    assert table == pytest.approx(table.T, rel=2e-2, abs=1e-3)
    if type(fitted).__name__ != "PreferentialAttachment":  # the circles have no unequal degrees
        friends = asked["target"] == FRIENDS
        assert score[friends].median() > score[~friends].median()


def test_parts_to_fit_on_lack_their_own_friendships() -> None:
    for part in fit_parts(batch()):
        held = part.pairs[part.kind == FRIENDS]
        assert len(held) and part.network.friends[held[:, 0], held[:, 1]].sum() == 0


def test_a_fusion_of_no_known_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"groups must be some of graph, taste"):
        FriendFusion(groups=["sound"]).training_step(batch(), 0)
