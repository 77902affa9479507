"""Time training steps of SampleCNN and the mel CNN: plain, channels-last, bf16; project an epoch.

Run `python benchmarks/sample_cnn_step.py [steps] [rounds]`: the published sizes (SampleCNN 3^9 on
59,049 samples, 80 factors; mel CNN on 128 x 130), batch 32, forward, backward and optimiser step.
On a CPU the defaults are 1 step in 3 rounds, with a GPU 30 steps in 5. Each way takes its turn in
each round; the fastest counts, on a CPU in processor time. The thesis' epoch is one window of each
of about 500,000 clips, two hours on a GTX 1070.

Then both networks are trained on crops of an audio store of random clips, made by loader
processes; the share of the time in which training waits for a batch is printed.
"""

import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader

from muso_exp.data.sound.windows import Crops, EpochBatches
from muso_exp.models.audio import AudioModel
from muso_exp.models.base import Batch
from muso_exp.models.mel_cnn import MelCNN
from muso_exp.models.sample_cnn import SampleCNN
from muso_exp.sound.store import AudioStore, shard_name

BATCH, FACTORS, CLIPS, THESIS_HOURS = 32, 80, 500_000, 2.0
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
log = logging.getLogger("benchmark")


def networks() -> dict[str, Callable[[], AudioModel]]:
    """Return the networks at their published sizes."""
    task = ("factors", FACTORS)
    return {
        "SampleCNN": lambda: SampleCNN(*task, 59_049, channels_last=False),
        "SampleCNN, channels_last": lambda: SampleCNN(*task, 59_049, channels_last=True),
        "mel CNN": lambda: MelCNN(*task, 66_150, 22_050, channels_last=False),
        "mel CNN, channels_last": lambda: MelCNN(*task, 66_150, 22_050, channels_last=True),
    }


def random_batch(model: AudioModel) -> Batch:
    """Return a batch of noise on the device."""
    x = 0.1 * torch.randn(BATCH, model.n_samples, device=DEVICE)
    return {"x": x, "target": torch.randn(BATCH, FACTORS, device=DEVICE)}


def stepper(model: AudioModel, mixed: bool) -> Callable[[Batch], None]:
    """Return one training step: what Lightning does, without Lightning."""
    model.to(DEVICE).train()
    optimizer = model.configure_optimizers()["optimizer"]

    def step(batch: Batch) -> None:
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=mixed):
            loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def wait() -> None:
    """Let the GPU finish what it was given."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long the work takes: by a GPU's clock, or in processor time a thread.

    Other load on the machine hardly touches processor time.
    """
    wait()
    on_gpu = DEVICE.type == "cuda"
    clock = time.monotonic if on_gpu else time.process_time
    began = clock()
    work()
    wait()
    return (clock() - began) / (1 if on_gpu else torch.get_num_threads())


def compare(steps: int, rounds: int) -> None:
    """Print windows per second of each way, and the thesis' epoch at that speed."""
    ways, best = {}, {}
    for name, make in networks().items():
        for mixed in (False, True):
            model = make()
            ways[f"{name}, {'bf16' if mixed else 'fp32'}"] = (
                stepper(model, mixed),
                random_batch(model),
            )
    for way, batch in ways.values():
        way(batch)  # the first step chooses kernels
    for _ in range(rounds):
        for name, (way, batch) in ways.items():
            took = seconds_of(lambda: [way(batch) for _ in range(steps)])  # noqa: B023
            best[name] = min(took, best.get(name, took))
    for name, took in best.items():
        speed = steps * BATCH / took
        plain = best["mel CNN, fp32" if name.startswith("mel") else "SampleCNN, fp32"]
        log.info(
            "%-32s %9.1f windows/s, %.2f x plain; an epoch of %d clips %.2f h (thesis: %.0f h)",
            name, speed, plain / took, CLIPS, CLIPS / speed / 3600, THESIS_HOURS,
        )  # fmt: skip


def random_store(folder: Path, n_clips: int, sample_rate: int) -> AudioStore:
    """Write a store of noise, 20 s a clip, in the form that `build_store` writes."""
    n_samples = 20 * sample_rate
    rng = np.random.default_rng(0)
    clips = rng.integers(-3000, 3000, (n_clips, n_samples), dtype=np.int16)
    np.save(folder / shard_name(0), clips)
    index = {"track_id": np.arange(n_clips).astype(str), "shard": 0, "row": np.arange(n_clips)}
    pd.DataFrame({**index, "n_filled": n_samples}).to_parquet(folder / "index.parquet")
    pd.DataFrame({"track_id": []}).to_parquet(folder / "quarantine.parquet")
    facts = {"sample_rate": sample_rate, "n_samples": n_samples, "fingerprint": "noise"}
    (folder / "store.json").write_text(json.dumps(facts), encoding="utf-8")
    return AudioStore(folder)


def batches(store: AudioStore, n_samples: int, n_rows: int, workers: int) -> Iterator[Batch]:
    """Yield the batches of an epoch, each clip as often as it takes, made by other processes."""
    clips = np.resize(np.arange(len(store)), n_rows)
    crops = Crops(store, clips, torch.randn(n_rows, FACTORS), n_samples, per_clip=1, seed=0)
    sampler = EpochBatches(n_rows, BATCH, 0, lambda: 0)
    pinned = DEVICE.type == "cuda"
    yield from DataLoader(
        crops, sampler=sampler, batch_size=None, num_workers=workers, pin_memory=pinned
    )


def idle_share(model: AudioModel, mixed: bool, store: AudioStore, n_steps: int) -> float:
    """Return the share of the time that training waits for the next batch."""
    step = stepper(model, mixed)
    workers = max(len(os.sched_getaffinity(0)) - 1, 1)
    warm_up = 5 if DEVICE.type == "cuda" else 1  # processes start, kernels are chosen
    source = batches(store, model.n_samples, (n_steps + warm_up) * BATCH, workers)
    waited = began = 0.0
    for number in range(n_steps + warm_up):
        if number == warm_up:
            wait()
            waited, began = 0.0, time.monotonic()
        asked = time.monotonic()
        batch = next(source)
        waited += time.monotonic() - asked
        step({name: value.to(DEVICE, non_blocking=True) for name, value in batch.items()})
        wait()
    return waited / (time.monotonic() - began)


def main() -> None:
    """Compare the ways, then see whether the loader keeps up."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    on_gpu = DEVICE.type == "cuda"
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else (30 if on_gpu else 1)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else (5 if on_gpu else 3)
    name = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} thread(s)"
    log.info("%s, batch %d", name, BATCH)
    compare(steps, rounds)
    with tempfile.TemporaryDirectory() as folder:
        for rate, network in ((16_000, "SampleCNN"), (22_050, "mel CNN")):
            place = Path(folder) / str(rate)
            place.mkdir()
            store = random_store(place, 2000 if on_gpu else 50, rate)
            for mixed in (False, True):
                share = idle_share(networks()[network](), mixed, store, 200 if on_gpu else 2)
                log.info(
                    "%s, %s: waits for the loader %.1f %% of the time",
                    network, "bf16" if mixed else "fp32", 100 * share,
                )  # fmt: skip


if __name__ == "__main__":
    main()
