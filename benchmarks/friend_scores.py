"""Time all pair scores of 2,000 users, by each model of friend_prediction; the bound is 5 s.

Run `python benchmarks/friend_scores.py [--users 2000] [--model friend_fusion ...]`.

The network is the simulated world in HetRec's format, or `--root FOLDER`. The first call of a model
compiles, so that the second one is timed. What each model prepares once for a network (factors,
eigenvectors) counts.
"""

import argparse
import logging
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from omegaconf import OmegaConf

from muso_exp.data.friends import Friends
from muso_exp.experiment.build import build
from muso_exp.features.networks import all_pair_scores
from muso_exp.models.friendship import PairScorer

log = logging.getLogger("benchmark")
CONF = Path(__file__).parent.parent / "conf"
MODELS = (
    *("preferential_attachment", "adamic_adar", "personalised_pagerank", "katz"),
    *("spectral_embedding", "taste_cosine", "taste_svd", "taste_wmf", "friend_fusion"),
)


def data_set(users: int, root: str | None, cache: str) -> Friends:
    """Return conf/dataset/friends.yaml with so many users."""
    tree = OmegaConf.create(
        {
            "seed": 0,
            "paths": {"cache": cache},
            "dataset": OmegaConf.load(CONF / "dataset" / "friends.yaml"),
        }
    )
    tree.dataset.world.users, tree.dataset.root, tree.dataset.split.fit_folds = users, root, 1
    data = build(tree.dataset, Friends)
    data.prepare_data()
    data.setup()
    return data


def scorer(name: str, data: Friends) -> PairScorer:
    """Return a model of conf/model, fitted."""
    tree = OmegaConf.create({"seed": 0, "m": OmegaConf.load(CONF / "model" / f"{name}.yaml")})
    model = build(tree.m, PairScorer)
    with torch.no_grad():
        model.training_step(next(iter(data.train_dataloader())), 0)
    return model


def main() -> None:
    """Time each model."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--root")
    parser.add_argument("--model", nargs="*", default=MODELS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        data = data_set(args.users, args.root, cache)
        network = data.task.network.whole
        n_users = network.n_users
        log.info("%d scores of %d users", n_users**2, n_users)
        for name in args.model:
            model = scorer(name, data)
            model.row_scores(network)(np.arange(10))
            started, worked = time.perf_counter(), time.process_time()
            all_pair_scores(model.row_scores(network), n_users)
            seconds, cpu = time.perf_counter() - started, time.process_time() - worked
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            log.info("%-24s %6.2f s (CPU %6.2f s), peak %.2f GiB", name, seconds, cpu, peak)


if __name__ == "__main__":
    main()
