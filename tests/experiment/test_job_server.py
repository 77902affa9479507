"""The server that forks jobs, in a process of its own: pytest has threads, and no fork has them."""

import os
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from test_experiments import CONF
from test_layers import PACKAGE

from muso_exp.experiment.job_server import modules
from muso_exp.experiment.listing import experiments

ALONE = """
import os, signal, sys, time
from muso_exp.experiment.job_server import JobServer

def works(number):
    return number, "x" * 200_000  # more than a pipe holds

def fails():
    raise RuntimeError("of its own")

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def loops():
    import numpy as np
    from muso_exp.features.tag_curves import tag_areas
    return len(tag_areas(np.ones((4, 2)), np.eye(4, 2), np.ones((3, 4)))[0])

def sleeps():
    time.sleep(600)

server = JobServer(("muso_exp.features.tag_curves", "muso_exp.features.wmf", "no_such_module"))
import functools
for number, function in enumerate([functools.partial(works, 7), fails, killed, lambda: sys.exit(5),
                                   loops]):
    server.start(number, function)
    ended = server.wait()
    answer = ended.answer if number != 0 else (ended.answer[0], len(ended.answer[1]))
    print(ended.number, ended.code, answer)
server.start(8, sleeps)
server.start(9, functools.partial(works, 1))
print(server.wait().number)
started = time.monotonic()
server.end()
print(time.monotonic() - started < 30)
"""


def test_each_job_ends_for_itself_and_none_outlives_the_server() -> None:
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "0 0 (7, 200000)",
        "1 1 None",
        "2 -9 None",
        "3 5 None",
        "4 0 3",
        "9",
        "True",
    ], done.stderr
    assert "RuntimeError: of its own" in done.stderr


WITH_WORKERS = """
import os, time
from joblib import Parallel, delayed
from muso_exp.experiment.job_server import JobServer

def parallel():
    pool = Parallel(n_jobs=2, return_as="generator_unordered")
    return list(pool(delayed(os.getpid)() for _ in range(4)))

server = JobServer(())
server.start(0, parallel)
pids = server.wait().answer
end = time.monotonic() + 20
while time.monotonic() < end and any(os.path.exists(f"/proc/{pid}") for pid in pids):
    time.sleep(0.05)
print(len(pids), any(os.path.exists(f"/proc/{pid}") for pid in pids))
server.end()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_worker_process_of_a_job_outlives_it() -> None:
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", WITH_WORKERS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,  # the pipe is open for as long as a worker is there
    )
    assert (done.stdout.split(), done.stderr) == (["4", "False"], "")


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
