"""Benchmarks that run by hand alone measure what is there."""

import runpy
from importlib import import_module

import pytest
from conftest import REPOSITORY

PHASES = runpy.run_path(str(REPOSITORY / "benchmarks" / "full_size.py"))["PHASES"]


@pytest.mark.parametrize(("module", "owner", "name", "phase"), PHASES)
def test_a_phase_of_the_largest_run_is_a_function_of_the_program(
    module: str, owner: str, name: str, phase: str
) -> None:
    holder = import_module(module)
    assert callable(getattr(getattr(holder, owner) if owner else holder, name)), phase
