"""Embed a clip of 30 s by MusiCNN on two cores: how many times faster than it plays.

    python benchmarks/musicnn_embeddings.py [--seconds 30] [--threads 2] [--cache FOLDER]

Samples of noise at 16 kHz to the 200 numbers of the dense layer, window by window of 3 s; reading
the file and resampling are left out. The weights are those that `fetch musicnn` put into the cache;
without them random ones are timed, which costs the same. Wanted: 20 times.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from muso_exp.errors import ConfigError
from muso_exp.models.musicnn import Musicnn, fetched_arrays
from muso_exp.models.musicnn_net import SAMPLE_RATE

N_SAMPLES, TIMES = 47_616, 5  # of a window, as conf/experiment/genre_musicnn.yaml


def main() -> None:
    """Print the median of some runs after one that warms up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", default="outputs/cache")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = Musicnn("regression", 1, SAMPLE_RATE, args.cache).eval()
    try:
        model.net.load_arrays(fetched_arrays(Path(args.cache), "mtt"))
        weights = "trained weights"
    except ConfigError:
        weights = "random weights"
    n_windows = int(args.seconds * SAMPLE_RATE) // N_SAMPLES
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(n_windows, N_SAMPLES)).astype(np.float32))
    model.describe(x)
    walls, cpus = [], []
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        model.describe(x)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    wall, cpu = float(np.median(walls)), float(np.median(cpus))
    heard, cores = n_windows * N_SAMPLES / SAMPLE_RATE, args.threads
    print(
        f"{heard:.1f} s of sound, {cores} threads, {weights}: {wall:.2f} s (CPU {cpu:.2f} s), "
        f"{heard / wall:.0f} times real time ({cores * heard / cpu:.0f} were the cores free)"
    )


if __name__ == "__main__":
    main()
