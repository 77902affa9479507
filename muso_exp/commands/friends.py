"""`python -m muso_exp friends`: friends that a finished run suggests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def friends(
    run: Annotated[str, typer.Argument(help="folder of a finished run of friend_prediction")],
    user: Annotated[
        str,
        typer.Argument(
            help="name of a user of its data, or a file of listening: names, CSV, Spotify's export"
        ),
    ],
    n: Annotated[int, typer.Option("-n", help="how many to suggest", min=1)] = 10,
    out: Annotated[
        Path | None, typer.Option(help="also write the result: .csv, .csv.gz or .parquet")
    ] = None,
) -> None:
    """Suggest friends: score, percentile among all pairs, shared artists and tags, path.

    A file of listening is of somebody new: names of artists, one a line,
    or a CSV with artist and maybe plays.
    """
    from muso_exp.commands.predict import check_out, write_table
    from muso_exp.tasks.friendship.friend_search import FriendSearch, require_search
    from muso_exp.terminal import console, table_of
    from muso_exp.trained import find_trained, load_trained

    check_out(out, [Path(user)])
    data, model = load_trained(find_trained(run))
    require_search(data, model, run)
    people = data.people
    if user in people.users or not Path(user).exists():
        search, number = FriendSearch(people, model), people.number(user)
    else:
        people = data.people_with(Path(user))
        search, number = FriendSearch(people, model), len(people.users) - 1
    found = search.suggest(number, n)
    if out is not None:
        write_table(out, found)
    shown = found.assign(
        score=found["score"].map("{:.4g}".format),
        percentile=found["percentile"].map("{:.1f}".format),
    )
    console().print(table_of(f"friends for {people.users[number]}", shown))
