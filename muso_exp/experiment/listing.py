"""What there is to run: experiments and commands, read from their files without importing them."""

import ast
import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from muso_exp.errors import ConfigError
from muso_exp.experiment import plugins

_PACKAGE = Path(__file__).parent.parent


def conf_folder() -> Path:
    """Return the configuration shipped in the wheel, or conf/ of the repository."""
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"


def conf_folders() -> list[Path]:
    """Return the folders of configuration: the program's, ./conf, and those of plugins in use."""
    return [conf_folder(), Path.cwd() / "conf", *plugins.conf_folders()]


def experiments() -> dict[str, str]:
    """Return experiment name -> its description: the first comment after `@package`."""
    folders = conf_folders()
    files = {path.stem: path for folder in folders for path in folder.glob("experiment/*.yaml")}
    return {name: _first_comment(files[name]) for name in sorted(files)}


def refuse_unknown_experiment(args: Iterable[str]) -> None:
    """Refuse a command line that names an experiment that is not there.

    Raises:
        ConfigError: with the nearest names.
    """
    known = experiments()
    for arg in args:
        key, _, name = arg.lstrip("+").partition("=")
        if key == "experiment" and "," not in name and name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or list(known)
            raise ConfigError(
                f"no experiment {name!r}; did you mean {', '.join(near)}? One of a package of your "
                "own is found with plugins=[PACKAGE]"
            )


def refuse_unknown_dataset(name: str) -> None:
    """Refuse the name of a data set that is not there.

    Raises:
        ConfigError: with the nearest names.
    """
    known = group("dataset")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
        which = f"{name!r} is an experiment" if name in experiments() else f"no data set {name!r}"
        raise ConfigError(f"{which}; did you mean {', '.join(near)}?")


def commands() -> dict[str, str]:
    """Return command name -> the first line of its function's docstring."""
    files = sorted((_PACKAGE / "commands").glob("[a-z]*.py"))
    return {path.stem: _docstring(path) for path in files}


def describe_experiments() -> str:
    """Return the experiments, one line each."""
    return _listing("experiments (+experiment=NAME)", experiments())


def describe_commands() -> str:
    """Return the commands, one line each."""
    return _listing("commands", commands())


def describe_parts() -> str:
    """Return what a command line may name: models, data sets, sweeps, variants of tables."""
    tables = {name: ", ".join(rows) for name, rows in variants().items()}
    parts = [
        f"{text}: {', '.join(names)}"
        for folder, text in (
            ("model", "models (model=NAME)"),
            ("dataset", "data sets (dataset=NAME)"),
            ("sweep", "sweeps (+sweep=NAME)"),
        )
        if (names := group(folder))
    ]
    return "\n".join([*parts, "", _listing("tables (variant=NAME,... or one)", tables)])


def group(name: str) -> list[str]:
    """Return the choices of a group of the configuration, e.g. the models."""
    return sorted(
        {path.stem for folder in conf_folders() for path in folder.glob(f"{name}/*.yaml")}
    )


def variants() -> dict[str, list[str]]:
    """Return experiment -> the rows of its table, of those that are tables."""
    found = {}
    for folder in conf_folders():
        for path in folder.glob("experiment/*.yaml"):
            lines = path.read_text(encoding="utf-8").splitlines()
            own = [line for line in lines if line.startswith("      variant: ")]
            if own:
                rows = own[0].partition(":")[2].partition("#")[0].split(",")
                found[path.stem] = [row.strip() for row in rows]
    return dict(sorted(found.items()))


def uses(target: str, most: int = 3) -> str:
    """Return the experiments that have a model of this class, as they are typed.

    A row of a table stands there beside the first row.

    Args:
        target: path of the class.
        most: of them that are named.
    """
    model_files = {path for folder in conf_folders() for path in folder.glob("model/*.yaml")}
    named = f"_target_: {target}"
    own = [path.stem for path in model_files if named in path.read_text("utf-8").splitlines()]
    model = f"({'|'.join(own)})$" if own else "(?!)"
    rows, found = variants(), {}
    for path in (path for folder in conf_folders() for path in folder.glob("experiment/*.yaml")):
        text = path.read_text("utf-8")
        row = re.search(rf"/model@models\.(\w+): {model}", text, re.MULTILINE)
        if row and row[1] in rows.get(path.stem, ()):
            first = rows[path.stem][0]
            beside = row[1] if first == row[1] else f"{first},{row[1]}"
            found[path.stem] = f"+experiment={path.stem} variant={beside}"
        elif re.search(rf"override /model: {model}", text, re.MULTILINE):
            found[path.stem] = f"+experiment={path.stem}"
    return ", ".join([found[name] for name in sorted(found)][:most])


def _listing(title: str, entries: dict[str, str]) -> str:
    width = max((len(name) for name in entries), default=0)
    lines = [f"  {name:<{width}}  {text}" for name, text in entries.items()]
    return "\n".join([f"{title}:", *lines, ""])


def _first_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = [line[1:].strip() for line in lines if line.startswith("#") and "@package" not in line]
    return texts[0] if texts else ""


def _docstring(path: Path) -> str:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == path.stem:
            return (ast.get_docstring(node) or "").split("\n")[0]
    return ""
