import shutil
import subprocess

import pytest

from muso_exp.commands.completion import completed


def complete(script: str, typed: str) -> list[str]:
    """Return what bash offers after a typed line."""
    ask = 'COMP_LINE="$1"; COMP_POINT=${#1}; _muso_exp; printf "%s\\n" "${COMPREPLY[@]}"'
    ran = subprocess.run(
        ["bash", "-c", script + ask, "bash", typed], capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("muso_exp scale=", ["desk", "paper", "smoke"]),
        ("muso_exp +experiment=dos_cl", ["dos_classifier"]),
        ("muso_exp doct", ["doctor"]),
        ("muso_exp +experiment=wmf model=eas", ["ease"]),
        ("muso_exp +exp", None),
        ("muso_exp nothing_like_this", []),
    ],
)
def test_bash_completes_commands_keys_and_values(
    call: callable, typed: str, offered: list[str] | None
) -> None:
    status, script, _ = call("completion", "bash")
    found = complete(script, typed)
    assert status == 0
    assert found == offered if offered is not None else found[0] == "+experiment="


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_every_word(call: callable, shell: str) -> None:
    status, script, _ = call("completion", shell)
    assert status == 0 and all(word in script for word in completed())


def test_an_unknown_shell_is_refused(call: callable) -> None:
    status, _, error = call("completion", "tcsh")
    assert status == 2 and "tcsh" in error and "zsh" in error
