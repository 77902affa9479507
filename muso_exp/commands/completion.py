"""`python -m muso_exp completion`: completion of experiments, commands and keys in a shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

KEYS = ("dataset.root=", "seed=", "scale=", "variant=", "ckpt=", "headline=", "paths.outputs=")
VALUES = {
    "scale": ("desk", "paper", "smoke"),
    "rerun": ("auto", "true", "false"),
    "logger": ("none",),
}
GROUPS = {"+experiment": "experiment", "+sweep": "sweep", "model": "model", "dataset": "dataset"}
GROUPS |= {"trainer": "trainer"}

BASH = """\
_muso_exp() {{
    local current=${{COMP_LINE:0:$COMP_POINT}} word
    current=${{current##* }}
    COMPREPLY=()
    for word in $(compgen -W "{words}" -- "$current"); do
        [[ $current == *=* ]] && word=${{word#"${{current%=*}}="}}
        [[ -n $word ]] && COMPREPLY+=("$word")
    done
    [[ ${{COMPREPLY[*]}} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}}
complete -o default -F _muso_exp muso_exp
"""
FISH = 'complete -c muso_exp -a "{words}"\n'


class Shell(StrEnum):
    """The shells that are known."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(
    shell: Annotated[
        Shell, typer.Argument(help='eval "$(muso_exp completion bash)" switches it on')
    ],
) -> None:
    """Print the completion of `muso_exp` for a shell: experiments, commands, keys, values."""
    words = " ".join(completed())
    script = FISH.format(words=words) if shell is Shell.fish else BASH.format(words=words)
    start = "autoload -U +X bashcompinit && bashcompinit\n" if shell is Shell.zsh else ""
    typer.echo(start + script, nl=False)


def completed() -> list[str]:
    """Return every word that is completed: commands, keys, and values after their key."""
    from muso_exp.experiment.listing import commands, group

    valued = {key: group(folder) for key, folder in GROUPS.items()} | VALUES
    return [
        *commands(),
        *KEYS,
        *(f"{key}=" for key in valued),
        *(f"{key}={value}" for key, values in valued.items() for value in values),
    ]
