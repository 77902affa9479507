"""Imports run one way; checked from the syntax trees, so a lazy import counts too."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "muso_exp"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    "text": set(),
    "csv_cells": set(),
    "terminal": {"text"},
    "errors": {"text"},
    "results": set(),
    "plots": {"text"},
    "plots_audio": {"plots"},
    "plots_song": {"plots"},
    "curves": {"plots"},
    "plots_clusters": {"plots"},
    "plots_spectra": {"plots"},
    "catalogue": set(),
    "ranges": set(),
    "known_keys": {"catalogue", "errors"},
    "overrides": {"errors", "known_keys", "text"},
    "run_folders": {"errors"},
    "features": {"errors"},
    "metrics": {"errors", "features"},
    "models": {"errors", "features", "metrics", "old_checkpoints", "ranges"},
    "simulation": {"csv_cells", "errors", "features"},
    "sources": {"csv_cells", "errors", "features"},
    "data": {
        "csv_cells",
        "terminal",
        "text",
        "errors",
        "ranges",
        "results",
        "features",
        "metrics",
        "simulation",
        "plots",
        "curves",
        "plots_audio",
        "plots_clusters",
        "plots_spectra",
    },
    "redaction": {"text"},
    "callbacks": {"redaction"},
    "checkpoint": {"errors", "old_checkpoints", "run_folders"},
    "old_checkpoints": set(),
    "folders": {"errors"},
    "store": {"errors"},
    "tracking": {"errors", "folders", "store"},
    "paper": {"errors", "metrics"},
    "report": {"paper", "outcome", "errors", "plots", "terminal", "text"},
    "outcome": {"paper", "plots", "report", "results", "metrics"},
    "comparison": {"errors", "metrics", "paper", "text"},
    "tables": {"plots", "comparison", "csv_cells", "report", "terminal"},
}
MAY_USE_HYDRA = {
    *("__main__", "run", "build", "sweep", "overrides", "known_keys", "commands", "hydra_targets"),
}
NEVER_CONCRETE = ("run", "build", "sweep", "outcome", "paper", "report", "comparison", "tables")


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def own_layers(path: Path) -> set[str]:
    parts = [name.split(".") for name in imports(path) if name.startswith("muso_exp.")]
    return {name[1] for name in parts} - {layer(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_the_layers_below_it(path: Path) -> None:
    allowed = MAY_IMPORT.get(layer(path))
    if allowed is not None:
        assert own_layers(path) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_top_knows_hydra(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    if roots & {"hydra", "omegaconf"}:
        assert layer(path) in MAY_USE_HYDRA


@pytest.mark.parametrize("name", NEVER_CONCRETE)
def test_the_program_never_names_a_dataset_or_a_model(name: str) -> None:
    assert not own_layers(PACKAGE / f"{name}.py") & {"data", "models", "simulation"}


def test_every_layer_is_known_to_this_test() -> None:
    known = set(MAY_IMPORT) | MAY_USE_HYDRA | {"__init__"}
    assert {layer(path) for path in MODULES} <= known
