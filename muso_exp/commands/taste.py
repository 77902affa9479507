"""`python -m muso_exp taste`: one person's listening history -> a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muso_exp.errors import CheckpointError, ConfigError
from muso_exp.places import cache_folder

if TYPE_CHECKING:
    from muso_exp.tasks.taste.others import Catalogue

TRAINING = ("+experiment=wmf", "dataset.source=hetrec", "rerun=false")


def taste(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...", help="listening histories: files, folders, zip archives"
        ),
    ],
    catalogue: Annotated[
        str | None,
        typer.Option(help="folder of a finished run of a recommender: recommends to you"),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="fetch HetRec 2011 and train on it, once")
    ] = False,
    timezone: Annotated[str, typer.Option(help="for hours and days: Europe/Vienna")] = "UTC",
    min_seconds: Annotated[
        float, typer.Option(help="plays of which fewer seconds are known are left out", min=0)
    ] = 30,
    out: Annotated[Path, typer.Option(help="folder for the page and its tables")] = Path("taste"),
) -> None:
    """Show what one person listens to, as a page: exports of Spotify, Last.fm, ListenBrainz.

    All that is given is one person's, and nothing of it is sent anywhere.
    Without --catalogue or --download the page has what the history says by
    itself. --download fetches HetRec 2011 (2.5 MB, from GroupLens; for
    non-commercial use) and trains on it, which takes a minute or two once.
    """
    from muso_exp.evaluation.taste_files import check_folder, write_taste
    from muso_exp.formats.listening.histories import read_history
    from muso_exp.tasks.taste.taste import taste as compute
    from muso_exp.terminal import console

    if download and catalogue is not None:
        raise ConfigError("--download and --catalogue: give one of them")
    check_folder(out, files)
    run = None if catalogue is None else _opened(catalogue)
    history = read_history(files, timezone, min_seconds, one_person=True)
    terminal = console()
    terminal.print(history.summary(), soft_wrap=True)
    if download:
        run = _opened(train_on_hetrec())
    page = write_taste(compute(history, run), out)
    terminal.print(str(page), soft_wrap=True)


def _opened(run: str) -> Catalogue:
    """Return a finished run as a catalogue.

    Raises:
        CheckpointError: no finished run.
        ConfigError: it recommends nothing to new listeners.
    """
    from muso_exp.tasks.taste.others import Catalogue
    from muso_exp.trained import find_trained, load_trained

    try:
        trained = load_trained(find_trained(run))
    except CheckpointError as error:
        raise CheckpointError(
            f"--catalogue {error}; a catalogue is the folder of a finished run of a recommender, "
            "such as +experiment=wmf"
        ) from error
    return Catalogue.of(Path(run).name, *trained)


def train_on_hetrec(*overrides: str) -> str:
    """Fetch HetRec 2011 into the cache and train WMF on it; return the folder of the run.

    An earlier run of the same settings and data stands for it.

    Args:
        overrides: further ones of the run.

    Raises:
        DatasetNotFoundError: the download failed.
        ConfigError: the run failed; it has said why.
    """
    from muso_exp.data.hetrec import fetch_hetrec

    folder = fetch_hetrec(cache_folder())
    command = [sys.executable, "-m", "muso_exp", *TRAINING, f"dataset.root={folder}", *overrides]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
        try:
            shown, _ = training.communicate()
        except BaseException:
            training.terminate()  # it ends as KILLED, and is waited for
            raise
    if training.returncode:
        raise ConfigError(
            f"training on HetRec ended with status {training.returncode}, see above; "
            "without --download the page has what the history says by itself"
        )
    return shown.splitlines()[-1]
