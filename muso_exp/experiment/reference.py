"""The reference pages: every command and every option, read from the code and the configuration."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click
import msgspec
import pytorch_lightning as pl
import typer
import yaml
from msgspec import Meta

from muso_exp.experiment.build import node_classes, parameters
from muso_exp.experiment.listing import commands, conf_folder, group
from muso_exp.options import INERT
from muso_exp.text import markdown

FROM_DATA = "from the data set"  # of a parameter that no configuration sets
KINDS = {"dataset": pl.LightningDataModule, "model": pl.LightningModule}
_KEY = re.compile(r"^(\s*)(\w+):(?:\s+([^#\s].*?))?(?:\s+#\s*(.*))?$")
WRITTEN = "Written from the code whenever the documentation is built (`make docs`)."


def pages() -> dict[str, str]:
    """Return file name -> text of the reference pages."""
    return {"commands.md": commands_page(), "options.md": options_page()}


def commands_page() -> str:
    """Return what each command does, takes and offers."""
    lines = ["# Commands", "", f"`python -m muso_exp COMMAND`. {WRITTEN}"]
    for name in commands():
        function = getattr(import_module(f"muso_exp.commands.{name}"), name)
        app = typer.Typer(add_completion=False)
        app.command()(function)
        command = typer.main.get_command(app)
        words = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        lines += ["", f"## {name}", "", markdown(words), ""]
        rows = [_of_command(one) for one in command.params if one.name != "help"]
        heading = ("argument or option", "default", "what")
        lines += _table(heading, rows) if rows else ["No options."]
    return "\n".join([*lines, ""])


def _of_command(parameter: Any) -> tuple[str, str, str]:
    is_option = isinstance(parameter, click.Option) or parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if is_option else str(parameter.name).upper()
    if is_option and parameter.secondary_opts:
        name += f" / {', '.join(parameter.secondary_opts)}"
    shown = "needed" if parameter.required else _shown(parameter.default, parameter)
    return f"`{name}`", shown, markdown(str(getattr(parameter, "help", "") or ""))


def _shown(value: Any, parameter: Any) -> str:
    """Return the default of an option of a command in words."""
    if callable(value):
        return inspect.cleandoc(value.__doc__ or "").partition("\n")[0].removeprefix("Return ")
    if isinstance(value, bool):
        chosen = parameter.opts if value else parameter.secondary_opts
        return f"`{chosen[0]}`" if chosen else ""
    return "" if value in (None, (), []) else f"`{value}`"


def options_page() -> str:
    """Return every option: of the program, of each data set, of each model."""
    lines = [
        "# Options",
        "",
        f"`key=value` after `python -m muso_exp +experiment=NAME`. {WRITTEN} Defaults are those of "
        "the part; an experiment may set others (`--cfg job` shows them). *Inert*: cannot change a "
        "result. Arguments of the trainer are those of Lightning's `Trainer`.",
        "",
        "## The program",
        "",
    ]
    root = conf_folder() / "config.yaml"
    shown = yaml.safe_load(root.read_text(encoding="utf-8"))
    words = comments(root)
    known = [key for key in shown if key in words or not isinstance(shown[key], dict | list)]
    rows = [(f"`{key}`", _value(shown[key]), markdown(words.get(key, ""))) for key in known]
    lines += _table(("option", "default", "what"), rows)
    for kind in KINDS:
        for name in group(kind):
            path = conf_folder() / kind / f"{name}.yaml"
            if path.is_file():  # a plugin's own has its own pages
                lines += ["", f"## {kind}={name}", "", markdown(_heading(path)), ""]
                lines += _table(("option", "type", "default", "what"), part_rows(kind, path))
    return "\n".join([*lines, ""])


def part_rows(kind: str, path: Path) -> list[tuple[str, str, str, str]]:
    """Return option, type, default and words of a data set or model.

    Args:
        kind: of `KINDS`.
        path: its YAML.
    """
    tree, words = _tree(path), _all_comments(path)
    target = tree.pop("_target_")
    taken = parameters({"_target_": target}, KINDS[kind])
    module, _, name = target.rpartition(".")
    documented = documented_arguments(getattr(import_module(module), name))
    rows: list[tuple[str, str, str, str]] = []
    for key, parameter in taken.items():
        text = documented.get(key, "")
        fixed = key not in tree and (
            text.endswith(FROM_DATA) or parameter.default is parameter.empty
        )
        if fixed or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        value = tree.get(key, parameter.default)
        rows += _rows(f"{kind}.{key}", parameter.annotation, value, words, text)
    return rows


def _rows(
    place: str, hint: Any, value: Any, words: dict[str, str], text: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the row of an option, and those of the options in it."""
    key = place.partition(".")[2]
    said = words.get(key) or text
    inert = INERT in getattr(hint, "__metadata__", ())
    said = f"{said}{'; ' if said else ''}inert" if inert else said
    nodes = node_classes(hint)
    shown = "" if nodes and isinstance(value, dict) else _value(value)
    yield f"`{place}`", markdown(type_words(hint)), shown, markdown(said)
    for node in nodes:
        own = documented_arguments(node)
        given = value if isinstance(value, dict) else {}
        for one in msgspec.structs.fields(node):
            default = None if one.default is msgspec.NODEFAULT else one.default
            inner = given.get(one.name, default)
            hints = get_type_hints(node, include_extras=True)
            yield from _rows(
                f"{place}.{one.name}", hints[one.name], inner, words, own.get(one.name, "")
            )


def type_words(hint: Any) -> str:
    """Return what values an annotation allows, in words.

    >>> from muso_exp.options import Count, SomeShare
    >>> type_words(Count), type_words(SomeShare), type_words(Literal["a", "b"])
    ('int >= 1', 'float > 0, < 1', 'a, b')
    """
    if get_origin(hint) in (Union, UnionType):
        return " or ".join("null" if one is NoneType else type_words(one) for one in get_args(hint))
    if get_origin(hint) is Literal:
        return ", ".join(map(str, get_args(hint)))
    if meta := [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Meta)]:
        signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
        ranges = [
            f"{sign} {limit:g}"
            for name, sign in signs.items()
            if (limit := getattr(meta[0], name)) is not None and limit < 2**31 - 1
        ]
        return f"{type_words(get_args(hint)[0])} {', '.join(ranges)}"
    if hasattr(hint, "__metadata__"):
        return type_words(get_args(hint)[0])
    if get_args(hint):
        inner = ", ".join(type_words(one) for one in get_args(hint) if one is not ...)
        return f"{get_origin(hint).__name__} of {inner}"
    if hint is inspect.Parameter.empty or hint is Any:
        return ""
    return str(getattr(hint, "__name__", hint))


def documented_arguments(kind: type) -> dict[str, str]:
    """Return argument -> its words, of the docstrings of a class and those above it."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        for part in ("Args", "Attributes"):
            text = inspect.cleandoc(one.__dict__.get("__doc__") or "")
            block = re.search(rf"^{part}:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
            for name, words in re.findall(
                r"^    (\w+): (.*(?:\n     .*)*)", block[1] if block else "", re.MULTILINE
            ):
                found[name] = re.sub(r"\s+", " ", words).strip().rstrip(".")
    return found


def comments(path: Path) -> dict[str, str]:
    """Return key, nested ones with dots -> the comment at the end of its line in a YAML file."""
    found: dict[str, str] = {}
    places: list[tuple[int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not (match := _KEY.match(line)) or line.lstrip().startswith("#"):
            continue
        indent, key, _, comment = match.groups()
        places = [*(one for one in places if one[0] < len(indent)), (len(indent), key)]
        if comment:
            found[".".join(name for _, name in places)] = comment.strip()
    return found


def _tree(path: Path) -> dict[str, Any]:
    """Return a part's YAML over those of its group that it builds on."""
    own: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    tree: dict[str, Any] = {}
    for base in _bases(path):
        tree |= _tree(base)
    return {key: value for key, value in (tree | own).items() if key != "defaults"}


def _all_comments(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in _bases(path):
        found |= _all_comments(base)
    return found | comments(path)


def _bases(path: Path) -> list[Path]:
    entries = yaml.safe_load(path.read_text(encoding="utf-8")).get("defaults", [])
    named = [one for one in entries if isinstance(one, str) and one != "_self_" and "@" not in one]
    return [path.with_name(f"{name}.yaml") for name in named]


def _heading(path: Path) -> str:
    """Return the first paragraph of a file's comments."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") or not line.strip("# "):
            break
        words.append(line.strip("# "))
    return " ".join(words)


def _value(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "needed"
    if value is msgspec.UNSET or isinstance(value, msgspec.Struct | msgspec.structs.FieldInfo):
        return ""
    if value is None or isinstance(value, bool):
        return f"`{str(value).lower().replace('none', 'null')}`"
    return '`""`' if value == "" else f"`{str(value).replace('|', chr(92) + '|')}`"


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    cells = [list(heading), *map(list, rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(cells[0])}", *lines[1:]]
