"""The server that forks jobs, in a process of its own: pytest has threads, and no fork has them."""

import os
import re
import signal
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from joblib import Parallel, delayed
from omegaconf import OmegaConf
from program import Forked, ended
from test_experiments import CONF

from muso_exp.experiment.job_server import JobServer, modules
from muso_exp.experiment.listing import experiments
from muso_exp.features.tag_curves import tag_areas


def works(number: int) -> tuple[int, str]:
    return number, "x" * 200_000  # more than a pipe holds


def fails() -> None:
    raise RuntimeError("of its own")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loops() -> int:
    return len(tag_areas(np.ones((4, 2)), np.eye(4, 2), np.ones((3, 4)))[0])


def sleeps() -> None:
    time.sleep(600)


def serve() -> None:
    server = JobServer(("muso_exp.features.tag_curves", "muso_exp.features.wmf", "no_such_module"))
    for number, function in enumerate(
        [partial(works, 7), fails, killed, partial(sys.exit, 5), loops]
    ):
        server.start(number, function)
        job = server.wait()
        answer = job.answer if number != 0 else (job.answer[0], len(job.answer[1]))
        print(job.number, job.code, answer)
    server.start(8, sleeps)
    server.start(9, partial(works, 1))
    print(server.wait().number)
    started = time.monotonic()
    server.end()
    print(time.monotonic() - started < 30)


def test_each_job_ends_for_itself_and_none_outlives_the_server(tmp_path: Path) -> None:
    status, words = ended(Forked(tmp_path, tmp_path, function=serve, PATH=""))
    assert status == 0, words
    fault = re.compile("Traceback .*?^RuntimeError: of its own\n", re.DOTALL | re.MULTILINE)
    assert fault.search(words), words
    assert fault.sub("", words).splitlines() == [
        "0 0 (7, 200000)",
        "1 1 None",
        "2 -9 None",
        "3 5 None",
        "4 0 3",
        "9",
        "True",
    ], words


def parallel() -> list[int]:
    pool = Parallel(n_jobs=2, return_as="generator_unordered")
    return list(pool(delayed(os.getpid)() for _ in range(4)))


def there(pids: list[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


def serve_workers() -> None:
    server = JobServer(())
    server.start(0, parallel)
    pids = server.wait().answer
    end = time.monotonic() + 20
    while time.monotonic() < end and there(pids):
        time.sleep(0.05)
    print(len(pids), there(pids))
    server.end()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_worker_process_of_a_job_outlives_it(tmp_path: Path) -> None:
    process = Forked(tmp_path, tmp_path, function=serve_workers)
    assert ended(process, patience=60) == (0, "4 False\n")


def by_row() -> list[str]:
    """The tables whose rows choose the model, and that have no row until one is chosen."""
    trees = {name: OmegaConf.load(CONF / "experiment" / f"{name}.yaml") for name in experiments()}
    raw = {name: OmegaConf.to_container(tree, resolve=False) for name, tree in trees.items()}
    return [name for name, tree in raw.items() if "models" in tree and "variant" not in tree]


@pytest.mark.parametrize("name", by_row())
def test_the_modules_of_all_rows_are_known_before_one_is_chosen(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [f"+experiment={name}", "scale=smoke"])
    models = {str(model._target_).rpartition(".")[0] for model in config.models.values()}
    assert {str(config.dataset._target_).rpartition(".")[0], *models} == set(modules(config))


def test_a_model_that_follows_from_the_row_is_not_looked_up_without_one() -> None:
    models = {"a": {"_target_": "muso_exp.models.wmf.WMF"}, "b": {"_target_": "mine.models.Own"}}
    tree = {"variant": None, "dataset": None, "model": "${models.${variant}}", "models": models}
    assert modules(OmegaConf.create(tree)) == ["muso_exp.models.wmf"]
