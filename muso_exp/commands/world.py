"""`python -m muso_exp world`: simulate a listening world and set it beside the real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muso_exp.errors import ConfigError

if TYPE_CHECKING:
    from muso_exp.simulation.world import World

CHAIN_USERS = (30, 24)  # MuSo, "Data": train and test users


def world(
    users: Annotated[int, typer.Option(min=50, help="users of the world")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="of everything")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="folder for its files, OUT/muso and OUT/hetrec")
    ] = None,
) -> None:
    """Simulate a listening world and print its statistics beside the real ones."""
    import pandas as pd
    from rich.table import Table

    from muso_exp.simulation.statistics import statistics_table
    from muso_exp.simulation.world import simulate_world
    from muso_exp.terminal import console
    from muso_exp.text import visible

    simulated = simulate_world(n_users=users, seed=seed)
    shown = Table("statistic", title=f"{users} simulated users, seed {seed}", title_justify="left")
    measured = statistics_table(simulated)
    for column in measured.columns[1:]:
        shown.add_column(column, justify="right")
    for _, (name, *values) in measured.iterrows():
        shown.add_row(name, *("" if pd.isna(value) else f"{value:.4g}" for value in values))
    console().print(shown)
    if out is not None:
        _write(simulated, out, seed)
        typer.echo(visible(out))


def _write(simulated: World, out: Path, seed: int) -> None:
    from muso_exp.simulation.hetrec import write_hetrec
    from muso_exp.simulation.muso import write_muso

    for name in ("muso", "hetrec"):
        (out / name).mkdir(parents=True, exist_ok=True)
    try:
        write_muso(simulated, out / "muso", seed, *CHAIN_USERS)
    except ValueError as error:
        raise ConfigError(f"--users {simulated.n_users}: {error}") from error
    write_hetrec(simulated, out / "hetrec")
