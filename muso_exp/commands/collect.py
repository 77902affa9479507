"""`python -m muso_exp collect`: friends and their listening, from Last.fm or ListenBrainz."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from muso_exp.collectors.collection import Collection

DAY = 86_400  # s
SOURCES = ("lastfm", "listenbrainz")


def collect(
    out: Annotated[Path, typer.Option(help="folder: a new one, or a collection to go on with")],
    users: Annotated[
        list[str] | None,
        typer.Argument(
            help="users to start at; Last.fm: one for the train, one for the test chain"
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="lastfm or listenbrainz")] = "lastfm",
    train: Annotated[int, typer.Option(help="Last.fm: users in the train chain", min=2)] = 101,
    test: Annotated[int, typer.Option(help="Last.fm: users in the test chain", min=2)] = 101,
    seed: Annotated[int, typer.Option(help="Last.fm: of the walks", min=0)] = 0,
    most: Annotated[int, typer.Option(help="ListenBrainz: users at most", min=2)] = 200,
    days: Annotated[int, typer.Option(help="ListenBrainz: of listening", min=1)] = 180,
    real_names: Annotated[
        bool, typer.Option("--real-names", help="ListenBrainz: write names, not pseudonyms")
    ] = False,
    forget: Annotated[
        str | None, typer.Option(help="user to be removed from the collection for good")
    ] = None,
) -> None:
    """Collect friends and what they listen to.

    From Last.fm two chains of friends with six months of listening, for document 1; it needs
    LASTFM_API_KEY. From ListenBrainz who follows whom and all listens, for dataset=friends; it
    needs no key. The same command goes on where it was stopped.
    """
    from muso_exp.collectors.collection import locked

    if source not in SOURCES:
        raise ConfigError(f"--source {source}: choose one of {', '.join(SOURCES)}")
    names = users or []
    if forget is None and source == "lastfm" and len(set(names)) != 2:
        raise ConfigError(f"collect: two different users of Last.fm are needed, got {len(names)}")
    if forget is None and not names:
        raise ConfigError("collect: at least one user of ListenBrainz is needed")
    with locked(out):
        if forget is not None:
            _forget(out, forget)
        elif source == "lastfm":
            _chains(out, names, {"train": train, "test": test}, seed)
        else:
            _network(out, names, most, days, real_names)


def _opened(out: Path, names: list[str], settings: Mapping[str, Any]) -> Collection:
    """Return the collection in a folder, begun with its settings where there is none."""
    from muso_exp.collectors.collection import Collection, is_collection

    if not is_collection(out):
        Collection.begin(out, {**settings, "until": int(time.time())})
    collection = Collection(out)
    collection.require(settings)
    collection.start(names)
    return collection


def _chains(out: Path, names: list[str], lengths: Mapping[str, int], seed: int) -> None:
    from rich.progress import Progress

    from muso_exp.collectors import polite
    from muso_exp.collectors.chains import collect_chain, write_chains
    from muso_exp.collectors.lastfm import INTERVAL, LastFm, api_key, lastfm_fault
    from muso_exp.terminal import console

    api_key()
    collection = _opened(out, names, {"source": "lastfm", **lengths, "seed": seed})
    lost = [name for name in names if collection.pseudonym(name) in collection.forgotten]
    if lost:
        raise ConfigError(f"--out {out}: {lost[0]} was forgotten here; take another user")
    source = LastFm.connect(polite.transport("Last.fm", lastfm_fault, INTERVAL), collection)
    chains, taken = {}, names[1:]
    with Progress(transient=True) as bar:
        for (split, length), start in zip(lengths.items(), names, strict=True):
            task = bar.add_task(f"{split} chain", total=length)
            chains[split] = collect_chain(
                source, start, length, seed, taken, partial(bar.advance, task)
            )
            taken = chains[split].users
    terminal = console()
    for split, stay in write_chains(collection, chains).items():
        terminal.print(f"{split}: {stay} of {lengths[split]} users have listening")
    command = f"python -m muso_exp +experiment=dos_classifier dataset.root={out}"
    terminal.print(command, soft_wrap=True)


def _network(out: Path, names: list[str], most: int, days: int, real_names: bool) -> None:
    from rich.progress import Progress

    from muso_exp.collectors import listenbrainz, polite
    from muso_exp.terminal import console

    asked = {"source": "listenbrainz", "most": most, "days": days, "real_names": real_names}
    collection = _opened(out, names, asked)
    until = int(collection.settings["until"])
    crawl = listenbrainz.Crawl(most, until - days * DAY, until)
    asks = polite.transport("ListenBrainz", polite.json_fault, listenbrainz.INTERVAL)
    source = listenbrainz.ListenBrainz(asks)
    roots = collection.start(names)
    with Progress(transient=True) as bar:
        task = bar.add_task("users", total=most)
        users = listenbrainz.collect(source, collection, roots, crawl, partial(bar.advance, task))
    pairs, listens = listenbrainz.write(source, collection, users, crawl, real_names)
    terminal = console()
    terminal.print(f"{len(users)} users, {pairs} pairs of friends, {listens} listens: {out}")
    terminal.print(
        f"python -m muso_exp +experiment=friend_prediction dataset.root={out}", soft_wrap=True
    )


def _forget(out: Path, name: str) -> None:
    from muso_exp.collectors import chains, listenbrainz
    from muso_exp.collectors.collection import Collection
    from muso_exp.terminal import console

    collection = Collection(out)
    if collection.settings["source"] == "lastfm":
        chains.forget(collection, name)
        text = "the chains were removed; the same command as before walks them anew without them"
    else:
        listenbrainz.forget(collection, name)
        text = f"{listenbrainz.EDGES} and {listenbrainz.LISTENS} hold them no longer"
    console().print(f"{name} is forgotten: {text}", soft_wrap=True)
