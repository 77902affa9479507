"""The kernel machine on timbre is scikit-learn's, and keeps its solution in buffers."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from muso_exp.models.svm_timbre import SvmTimbre

RATE = 8000


def sounds(n: int, seed: int) -> torch.Tensor:
    """Tones and noises in turn."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    tones = [np.sin(2 * np.pi * rng.uniform(200, 900) * time) for _ in range(n)]
    noise = rng.normal(size=(n, RATE))
    mixed = [
        0.3 * (tone if i % 2 else other)
        for i, (tone, other) in enumerate(zip(tones, noise, strict=True))
    ]
    return torch.tensor(np.array(mixed), dtype=torch.float32)


def solved(head: str, x: torch.Tensor, target: np.ndarray, n_outputs: int) -> SvmTimbre:
    model = SvmTimbre(head, n_outputs, RATE)
    model._solve(model.describe(x).double().numpy(), target)
    return model


def test_regressions_are_those_of_scikit_learn() -> None:
    x, target = sounds(16, 0), np.random.default_rng(1).normal(size=(16, 2))
    model, asked = solved("regression", x, target, 2), sounds(6, 2)
    scaler = StandardScaler().fit(model.describe(x).double().numpy())
    known, wanted = (scaler.transform(model.describe(part).numpy()) for part in (x, asked))
    reference = [SVR(gamma=1 / known.shape[1]).fit(known, own).predict(wanted) for own in target.T]
    assert model(asked).numpy() == pytest.approx(np.array(reference).T, abs=1e-3)


def test_decisions_of_two_genres_are_those_of_scikit_learn() -> None:
    x, target = sounds(20, 0), np.arange(20) % 2
    model, asked = solved("genres", x, target, 3), sounds(10, 3)
    found = model(asked)
    assert found.sum(dim=1).numpy() == pytest.approx(np.ones(10))
    assert (found[:, 2] == 0).all()  # a genre without train rows
    scaler = StandardScaler().fit(model.describe(x).double().numpy())
    known, wanted = (scaler.transform(model.describe(part).numpy()) for part in (x, asked))
    reference = SVC(gamma=1 / known.shape[1]).fit(known, target).predict(wanted)
    assert found.argmax(dim=1).numpy().tolist() == reference.tolist() == [i % 2 for i in range(10)]


def test_a_tag_that_all_have_gets_its_odds() -> None:
    x = sounds(8, 0)
    target = np.stack([np.ones(8), np.arange(8) % 2], axis=1)
    scores = solved("tags", x, target, 2)(x)
    assert scores[:, 0].numpy() == pytest.approx(np.full(8, 8.5 / 9.0), abs=1e-5)
    assert (scores[1::2, 1].min() > scores[::2, 1].max()).item()


def test_one_genre_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="two genres are needed, got 1 in 6 train windows"):
        solved("genres", sounds(6, 0), np.zeros(6, int), 2)
