"""`python -m muso_exp reproduce`: a run again, and what differs."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def reproduce(
    run: Annotated[Path, typer.Argument(help="folder of a finished run")],
) -> None:
    """Run a finished run again with its settings, and say which numbers differ and why they may.

    The exit status is 1 if a metric differs, in its last digit too.
    """
    from muso_exp.errors import MusoError
    from muso_exp.evaluation.finished import load_run, read_record
    from muso_exp.evaluation.numbers import number
    from muso_exp.evaluation.repeated import different_making, different_metrics, overrides_again
    from muso_exp.text import visible
    from muso_exp.training.run_folders import require_one_run

    require_one_run(str(run), run)
    then = load_run(run).record
    command = [sys.executable, "-m", "muso_exp", *overrides_again(then)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise MusoError(
            f"{run}: its repetition ended with exit status {done.returncode}; see above"
        )
    folder = Path(done.stdout.splitlines()[-1])
    now = read_record(folder)
    metrics = different_metrics(then, now)
    for name, before, after in metrics:
        typer.echo(visible(f"{name}: {number(before, 6)} then, {number(after, 6)} now"))
    for name, one, other in different_making(then, now):
        typer.echo(visible(f"{name}: {one} then, {other} now"))
    n_metrics = len(then["metrics"])
    equal = "all equal" if not metrics else f"{len(metrics)} differ"
    typer.echo(f"{n_metrics} metrics: {equal}")
    typer.echo(visible(folder))
    if metrics:
        raise typer.Exit(1)
