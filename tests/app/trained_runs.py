"""Finished runs with models, of seconds each, on simulated worlds."""

from pathlib import Path

from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.run import run

FIXED = ("scale=smoke", "resamples=20", "logger=none", "callbacks.progress=null")


def finish(outputs: Path, cache: Path, experiment: str, *overrides: str) -> Path:
    """Run an experiment; return its folder, `<outputs>/<experiment>/run`."""
    folder = outputs / experiment / "run"
    places = [f"paths.outputs={outputs}", f"paths.run={folder}", f"paths.cache={cache}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        run(compose("config", [f"+experiment={experiment}", *overrides, *FIXED, *places]))
    return folder
