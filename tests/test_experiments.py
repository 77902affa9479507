"""Every experiment file runs at scale=smoke; a new one is covered without an edit.

A table runs its first row; the last rows of all tables: pytest -m slow tests/test_experiments.py
"""

import json
import math
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from muso_exp.evaluation.glossary import BETTER, meaning
from muso_exp.experiment.listing import experiments
from muso_exp.run import run

CONF = REPOSITORY / "conf"


@cache
def tree_of(name: str) -> DictConfig:
    """What the YAML of an experiment itself says."""
    return OmegaConf.load(CONF / "experiment" / f"{name}.yaml")


def variants(name: str) -> list[str | None]:
    """The settings of a table experiment: the first and the last; else the experiment itself."""
    names = list(tree_of(name).get("variants") or [None])
    return names[:1] + names[1:][-1:]


def rows(name: str) -> list[str]:
    """The variants that an experiment compares in a table of its own."""
    swept = OmegaConf.select(tree_of(name), "hydra.sweeper.params.variant") or ""
    return [row for row in swept.split(",") if row]


def drawn_first() -> set[str]:
    """The first experiment of each data set: its figures are drawn, those of others made alone."""
    of_data: dict[str, str] = {}
    for name in experiments():
        for one in tree_of(name).get("defaults") or []:
            if "override /dataset" in one:
                of_data.setdefault(one["override /dataset"], name)
    return set(of_data.values())


DRAWN = drawn_first()
CASES = [
    pytest.param(name, variant, marks=[pytest.mark.slow] if place else [])
    for name in experiments()
    for place, variant in enumerate(variants(name))
]


def null_rules() -> dict[str, set[str]]:
    """The null models that docs/nulls.md describes, by task."""
    rules: dict[str, set[str]] = {}
    for line in (REPOSITORY / "docs" / "nulls.md").read_text().split("## ")[0].splitlines():
        cells = line.split("|")[1:-1]
        names = re.findall(r"`([^`]+)`", cells[1]) if len(cells) == 3 else []
        for task in re.findall(r"[a-z]+_?[a-z]*", cells[0].split("(")[0]) if names else []:
            rules.setdefault(task, set()).update(names)
    return rules


def documented(null: str) -> bool:
    """Whether a null model is described in docs/nulls.md."""
    return any(fnmatch(null, rule) for rules in null_rules().values() for rule in rules)


def within_bounds(row: dict) -> bool:
    """Whether a metric declares what values it can have, and value and interval are such."""
    low, high = row["bounds"]
    if low is None and high is None:  # no number is infinite in JSON
        return False
    found = [number for number in (row["measured"], *row["interval"]) if number is not None]
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    return all(least - 1e-9 <= number <= most + 1e-9 for number in found)


@pytest.fixture
def configured(tmp_path: Path, cache: Path) -> Iterator[callable]:
    def make(name: str, *overrides: str) -> DictConfig:
        places = [f"paths.outputs={tmp_path}", f"paths.run={tmp_path / 'run'}"]
        fixed = ["scale=smoke", f"paths.cache={cache}", "resamples=50", "callbacks.progress=null"]
        return compose("config", [f"+experiment={name}", *fixed, *places, *overrides])

    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield make


@pytest.mark.parametrize("name", [name for name in experiments() if rows(name)])
def test_every_row_of_a_table_is_a_variant_that_the_experiment_knows(
    name: str, configured: callable
) -> None:
    assert set(rows(name)) <= {str(variant) for variant in configured(name).variants}


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_an_experiment_ends_with_a_whole_run_folder(
    name: str,
    variant: str | None,
    configured: callable,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if name in DRAWN:
        request.getfixturevalue("drawn")
    overrides = [] if variant is None else [f"variant={variant}"]
    outcome = run(configured(name, "logger=none", *overrides))
    folder = tmp_path / "run"
    record = json.loads((folder / "metrics.json").read_text())
    assert record["experiment"] == name
    assert set(record["intervals"]) == set(record["metrics"]) == set(record["beats_null"])
    assert record["nulls"] and record["audit"] and record["n"]
    assert [row["metric"] for row in record["versus"] if not within_bounds(row)] == []
    assert [null for null in record["nulls"] if not documented(null)] == []
    for row in record["versus"]:
        known = meaning(row["metric"])
        # a list of most candidates describes, whatever its metric is of others
        assert known and BETTER[row["higher_is_better"]] in (known.better, "describes")
    assert all(claim["verdict"] != "reproduced" for claim in record["claims"])  # simulated data
    assert len(pd.read_parquet(folder / "predictions.parquet")) == len(outcome.predictions)
    assert (folder / "checkpoints" / "last.ckpt").is_file()
    page = (folder / "report.html").read_text()
    assert 'src="data:image/png' in page and '<img src="figures' not in page
    assert (folder / "report.md").read_text().startswith(f"# {name}")
    assert list((folder / "figures").glob("*.png"))


@pytest.mark.parametrize("scale", ["smoke", "desk", "paper"])
def test_table_6_2_asks_of_the_clips_that_samplecnn_factors_hears(
    scale: str, configured: callable
) -> None:
    heard, asked = (
        configured(name, f"scale={scale}").dataset for name in ("samplecnn_factors", "table_6_2")
    )
    assert (heard.world, heard.store) == (asked.world, asked.store)


def test_table_6_2_reads_what_a_run_of_samplecnn_factors_heard_at_smoke(
    configured: callable, tmp_path: Path
) -> None:
    first = tmp_path / "heard"
    layers = ["dataset.keep_layers=true", "model.embedding_blocks=[3,4,5]"]
    first_run = ["dataset.split.by=artist", f"paths.run={first}", "logger=none"]
    run(configured("samplecnn_factors", *layers, *first_run))
    row = ["variant=ensemble_all", f"heard={first}", "logger=none"]
    assert "tag_roc_auc" in run(configured("table_6_2", *row)).metrics


@pytest.mark.parametrize("name", list(experiments()))
def test_an_experiment_says_in_a_line_what_it_is(name: str) -> None:
    description = experiments()[name]
    assert 10 < len(description) <= 110


@pytest.mark.parametrize("name", list(experiments()))
def test_claims_name_their_place_in_the_paper(name: str) -> None:
    for claim in tree_of(name).get("paper", {}).get("claims", []):
        assert claim.source and claim.metric


def test_every_task_has_null_models_that_are_described_and_still_there() -> None:
    package = REPOSITORY / "muso_exp"
    assert set(null_rules()) == {path.parent.name for path in package.glob("tasks/*/task.py")}
    files = [*package.glob("tasks/*/*.py"), *package.glob("data/*.py")]
    source = "".join(path.read_text() for path in files)
    for task, rules in null_rules().items():
        assert len(rules) >= 3, task
        for rule in rules:
            part = re.sub("_(decided|median)$", "", rule).partition("*")[0]
            assert f'"{part}' in source, f"docs/nulls.md: {task} has no null model {rule}"
