"""Imported once by the server that forks the processes of the long forms: imports take seconds."""

import os
import sys

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

import muso_exp.__main__
import muso_exp.data.playlists
import muso_exp.evaluation.tables
import muso_exp.experiment.sweep
import muso_exp.models.dff
import muso_exp.run
import muso_exp.training.tracking


def called(words: str, environment: dict[str, str], args: list[str]) -> None:
    """Be `python -m muso_exp ARGS`, whose words go to a file."""
    os.environ.update(environment)
    file = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv[:] = ["muso_exp", *args]
    muso_exp.__main__.main()
