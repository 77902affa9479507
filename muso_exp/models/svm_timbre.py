"""A support vector machine on cepstral coefficients and spectral contrast of a window."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from torch import Tensor

from muso_exp.features.mel import mfcc
from muso_exp.features.timbre import contrast, contrast_size
from muso_exp.models.solved_head import SolvedHead
from muso_exp.options import Count, Positive

N_FOLDS = 5  # of the train windows, for the decisions that probabilities are fitted on


class SvmTimbre(SolvedHead):
    """Mean and deviation over time of MFCC and spectral contrast, under a Gaussian kernel.

    One machine for each genre, tag or output, on the standardised numbers; a logistic regression on
    the decisions of machines that have not seen a window makes probabilities of them. Meant for
    whole clips: `dataset.windows.n_samples=0`.

    Args:
        head: from the data set, see `muso_exp.models.audio.AudioModel`.
        n_outputs: from the data set.
        sample_rate: in Hz, from the data set.
        n_mfcc: coefficients without differences; first and second differences are taken too.
        C: inverse strength of the penalty of each machine; scikit-learn's default.
        max_iter: of the logistic regressions.

    Raises:
        ValueError: see `SolvedHead`.

    Source: none of the documents; Mandel and Ellis 2005 for machines on timbre. Deviation: means
    and deviations, not a distance of distributions; the kernel's width is 1 / D, scikit-learn's
    `scale` of standardised numbers.
    """

    support: Tensor

    def __init__(
        self,
        head: str,
        n_outputs: int,
        sample_rate: int,
        n_mfcc: Count = 13,
        C: Positive = 1.0,
        max_iter: Count = 1000,
    ) -> None:
        size = 2 * 3 * n_mfcc + contrast_size(sample_rate)
        super().__init__(head, n_outputs, size, 1.0, C, max_iter)
        self.save_hyperparameters(logger=False)
        self.sample_rate, self.n_mfcc = sample_rate, n_mfcc
        self.register_buffer("support", torch.zeros(1, size))
        self.register_buffer("weight", torch.zeros(n_outputs, 1))

    def describe(self, x: Tensor) -> Tensor:
        """Return the numbers (B, embedding_dim) of windows x (B, S), by librosa on the CPU."""
        rows = [self._numbers(window) for window in x.float().cpu().numpy()]
        return torch.from_numpy(np.array(rows, dtype=np.float32)).to(x.device)

    def _numbers(self, window: np.ndarray) -> np.ndarray:
        series = mfcc(window, self.sample_rate, self.n_mfcc)  # (39, n_frames)
        timbre = np.concatenate([series.mean(axis=1), series.std(axis=1)])
        return np.concatenate([timbre, contrast(window, self.sample_rate)])

    def _logits(self, embedded: Tensor) -> Tensor:
        flat = embedded.double().flatten(0, -2)  # (B * W, D)
        distance = torch.cdist(flat, self.support.double()) ** 2
        kernel = torch.exp(-distance / self.embedding_dim)  # (B * W, n_support)
        logits = kernel @ self.weight.double().T + self.bias.double()
        return logits.float().unflatten(0, embedded.shape[:-1])

    def _solve(self, x: np.ndarray, target: np.ndarray) -> None:
        """Solve on numbers x (n, D) and targets (n, ...), and keep the solution in the buffers."""
        scaler = StandardScaler().fit(x)
        x = scaler.transform(x)
        if self.head == "genres":
            weight, bias = self._genres(x, target)
        elif self.head == "tags":
            solved = [self._tag(x, has_tag) for has_tag in target.T > 0]
            weight, bias = np.array([row[:-1] for row in solved]), np.array([s[-1] for s in solved])
        else:
            solved = [_regression(x, values, self.C) for values in target.T.astype(np.float64)]
            weight, bias = np.array([row[:-1] for row in solved]), np.array([s[-1] for s in solved])
        self.register_buffer("support", torch.tensor(x, dtype=torch.float32, device=self.device))
        self.register_buffer("weight", torch.tensor(weight, dtype=torch.float32).to(self.device))
        for name, value in (("mean", scaler.mean_), ("scale", scaler.scale_), ("bias", bias)):
            getattr(self, name).copy_(torch.tensor(value))

    def _genres(self, x: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (n_genres, n) and biases (n_genres,); an absent genre has bias -inf.

        Raises:
            ValueError: fewer than two genres among the train rows.
        """
        present = np.unique(target)
        if len(present) < 2:
            raise ValueError(f"two genres are needed, got {len(present)} in {len(x)} train windows")
        machines = [_machine(x, target == genre, self.C) for genre in present]
        dual, offset = np.array([row[:-1] for row in machines]), np.array([m[-1] for m in machines])
        held_out = np.stack([_decisions(x, target == genre, self.C) for genre in present], axis=1)
        link = LogisticRegression(max_iter=self.max_iter).fit(held_out, target)
        turn, shift = np.zeros((len(present), len(present))), np.zeros(len(present))
        rows = slice(-len(link.coef_), None)  # of two genres one row is solved, the other is 0
        turn[rows], shift[rows] = link.coef_, link.intercept_
        weight, bias = np.zeros((self.n_outputs, len(x))), np.full(self.n_outputs, -np.inf)
        weight[present], bias[present] = turn @ dual, turn @ offset + shift
        return weight, bias

    def _tag(self, x: np.ndarray, has_tag: np.ndarray) -> np.ndarray:
        """Return weights and bias of one tag, (n + 1,); of one that all or none have, its odds."""
        if has_tag.all() or not has_tag.any():
            odds = (has_tag.sum() + 0.5) / ((~has_tag).sum() + 0.5)
            return np.append(np.zeros(len(x)), np.log(odds))
        held_out = _decisions(x, has_tag, self.C)[:, None]
        link = LogisticRegression(max_iter=self.max_iter).fit(held_out, has_tag)
        machine = _machine(x, has_tag, self.C) * link.coef_[0, 0]
        machine[-1] += link.intercept_[0]
        return machine


def _svc(x: np.ndarray, C: float) -> SVC:
    return SVC(C=C, gamma=1 / x.shape[1])


def _machine(x: np.ndarray, has: np.ndarray, C: float) -> np.ndarray:
    """Return the dual coefficients of all rows and the intercept of one machine, (n + 1,)."""
    solution = _svc(x, C).fit(x, has)
    dual = np.zeros(len(x) + 1)
    dual[solution.support_], dual[-1] = solution.dual_coef_[0], solution.intercept_[0]
    return dual


def _decisions(x: np.ndarray, has: np.ndarray, C: float) -> np.ndarray:
    """Return each row's decision by a machine that has not seen it, (n,).

    Where a class has a single row, by one that has.
    """
    rarest = int(min(has.sum(), (~has).sum()))
    if rarest < 2:
        return _svc(x, C).fit(x, has).decision_function(x)
    cut = StratifiedKFold(min(N_FOLDS, rarest), shuffle=True, random_state=0)
    return cross_val_predict(_svc(x, C), x, has, cv=cut, method="decision_function")


def _regression(x: np.ndarray, values: np.ndarray, C: float) -> np.ndarray:
    """Return the dual coefficients of all rows and the intercept of one regression, (n + 1,)."""
    solution = SVR(C=C, gamma=1 / x.shape[1]).fit(x, values)
    dual = np.zeros(len(x) + 1)
    dual[solution.support_], dual[-1] = solution.dual_coef_[0], solution.intercept_[0]
    return dual
