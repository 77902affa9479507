"""Time the ranking columns against a loop over scikit-learn and against `implicit`'s evaluation.

Run `PYTHONPATH=. python benchmarks/ranking_metrics.py [n_users n_items n_factors n_loop]`; by
default 8,192 users, 74,000 items, 80 factors; the loop is run for the first 128 users. Seconds are
CPU seconds of the process, all threads, so that threads are no advantage. Bounds: 40 times the
loop, 1.8 times implicit; AUC within 1e-6 and AP@500 within 1e-9 of the loop, checked first. All
three score by the same float32 factors.
"""

import logging
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from implicit.cpu.als import AlternatingLeastSquares
from implicit.evaluation import ranking_metrics_at_k
from listening_world import draw_plays, hold_out
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits
from torch import Tensor

from muso_exp.models.wmf import WMF

TURNS, K, PER_USER = 5, 500, 100
log = logging.getLogger("benchmark")


def batch_of(train: csr_matrix, test: csr_matrix) -> dict[str, Tensor]:
    """Return the users' test batch."""
    batch = {"user": torch.arange(train.shape[0])}
    for name, matrix in (("seen", train), ("positives", test)):
        batch[f"{name}_crow"] = torch.from_numpy(matrix.indptr).long()
        batch[f"{name}_col"] = torch.from_numpy(matrix.indices).long()
    return batch


def loop(model: WMF, train: csr_matrix, test: csr_matrix, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return AUC and AP@K of the first n users, one after the other."""
    block = model.score_block(torch.arange(n)).numpy()  # one by one, the last bits would differ
    auc, ap = np.empty(n), np.empty(n)
    for user, scores in enumerate(block):
        open_ = np.ones(len(scores), dtype=bool)
        open_[train[user].indices] = False
        truth = np.zeros(len(scores), dtype=bool)
        truth[test[user].indices] = True
        own, truth = scores[open_], truth[open_]
        auc[user] = roc_auc_score(truth, own)
        hits = truth[np.argsort(-own, kind="stable")[:K]]
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        ap[user] = (precision * hits).sum() / min(truth.sum(), K)
    return auc, ap


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call, of all threads."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Check parity, take turns, and log CPU time per user and the ratios."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    defaults = [8192, 74_000, 80, 128]
    given = [int(value) for value in sys.argv[1:]]
    n_users, n_items, n_factors, n_loop = [*given, *defaults[len(given) :]]
    train, test = hold_out(draw_plays(n_users, n_items, PER_USER * n_users), 0.2)
    model = WMF(n_users, n_items, cutoffs=[10, 100, 500], n_factors=n_factors, init_std=1.0)
    batch = batch_of(train, test)
    als = AlternatingLeastSquares(n_factors)
    als.user_factors, als.item_factors = model.user_factors.numpy(), model.item_factors.numpy()

    columns = model.predict_step(batch)  # compiles
    auc, ap = loop(model, train, test, n_loop)
    auc_error = np.abs(columns["auc"][:n_loop].numpy() - auc).max()
    ap_error = np.abs(columns["ap_at_500"][:n_loop].numpy() - ap).max()
    log.info("%d users, %d held-out entries, %d items", n_users, test.nnz, n_items)
    log.info("largest difference to the loop: AUC %.1e, AP@500 %.1e", auc_error, ap_error)
    if auc_error > 1e-6 or ap_error > 1e-9:
        raise SystemExit("the values differ: no comparison")

    def by_implicit() -> object:
        with threadpool_limits(1, "blas"):
            return ranking_metrics_at_k(als, train, test, K=K, show_progress=False)

    log.info(
        "implicit (AUC cut off at K): %s; ours: AUC %.4f", by_implicit(), columns["auc"].mean()
    )
    turns = []
    for _ in range(TURNS):
        turns.append((
            cpu_seconds(lambda: model.predict_step(batch)) / n_users,
            cpu_seconds(lambda: loop(model, train, test, n_loop)) / n_loop,
            cpu_seconds(by_implicit) / n_users,
        ))  # fmt: skip
        log.info(
            "CPU ms per user: ours %.3f, loop %.2f, implicit %.3f", *(1e3 * t for t in turns[-1])
        )
    mine, loops, implicit = (statistics.median(column) for column in zip(*turns, strict=True))
    log.info(
        "per CPU second: %.1f times the loop, %.2f times implicit", loops / mine, implicit / mine
    )


if __name__ == "__main__":
    main()
