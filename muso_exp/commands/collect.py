"""`python -m muso_exp collect`: chains of Last.fm friends, for the experiments of document 1."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer


def collect(
    root: Annotated[str, typer.Argument(help="Last.fm user at whom the train chain starts")],
    test_root: Annotated[str, typer.Argument(help="another one, at whom the test chain starts")],
    out: Annotated[Path, typer.Option(help="new folder, for dataset.root")],
    train: Annotated[int, typer.Option(help="users in the train chain", min=2)] = 101,
    test: Annotated[int, typer.Option(help="users in the test chain", min=2)] = 101,
    seed: Annotated[int, typer.Option(help="of the walks", min=0)] = 0,
) -> None:
    """Collect two chains of friends with six months of listening from Last.fm.

    Needs LASTFM_API_KEY. What was answered is kept under the cache folder, so that the same command
    goes on where it was stopped. User names are replaced in what is written.
    """
    from filelock import FileLock
    from rich.progress import Progress

    from muso_exp.cache import write_whole
    from muso_exp.collectors.lastfm import LastFm, collect_chain, write_chain
    from muso_exp.errors import ConfigError
    from muso_exp.terminal import console

    if out.exists():
        raise ConfigError(f"--out {out}: is there already; name a new folder")
    outputs = os.environ.get("MUSO_OUTPUTS", "outputs")
    cache = Path(os.environ.get("MUSO_CACHE", f"{outputs}/cache"))
    cache.mkdir(parents=True, exist_ok=True)
    source = LastFm.connect(cache / "lastfm-answers")

    def write(folder: Path) -> None:
        taken = [test_root]
        with Progress(transient=True) as bar:
            for split, start, length in (("train", root, train), ("test", test_root, test)):
                task = bar.add_task(f"{split} chain", total=length)
                chain = collect_chain(
                    source, start, length, seed, taken, partial(bar.advance, task)
                )
                stay = write_chain(folder, split, chain)
                bar.console.print(f"{split}: {stay} of {length} users have listening")
                taken = chain.users

    lock = out.parent / f"{out.name}.lock"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            if out.exists():
                raise ConfigError(f"--out {out}: is there already; name a new folder")
            write_whole(out, write)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    finally:
        lock.unlink(missing_ok=True)
    console().print(
        f"python -m muso_exp +experiment=dos_classifier dataset.root={out}", soft_wrap=True
    )
