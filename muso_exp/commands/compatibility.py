"""`python -m muso_exp compatibility`: how well two users fit, by a finished run."""

from __future__ import annotations

from typing import Annotated

import typer


def compatibility(
    run: Annotated[str, typer.Argument(help="folder of a finished run of friend_prediction")],
    one: Annotated[str, typer.Argument(help="name of a user of its data")],
    other: Annotated[str, typer.Argument(help="name of another one")],
) -> None:
    """Show how likely two users are friends, and what they share."""
    from muso_exp.errors import ConfigError
    from muso_exp.tasks.friendship.friend_search import FriendSearch, require_search
    from muso_exp.terminal import console, table_of
    from muso_exp.trained import find_trained, load_trained

    data, model = load_trained(find_trained(run))
    require_search(data, model, run)
    first, second = data.people.number(one), data.people.number(other)
    if first == second:
        raise ConfigError(f"{one}: the same user twice; name two")
    facts = FriendSearch(data.people, model).compatibility(first, second)
    console().print(table_of(f"{one} and {other}", facts))
