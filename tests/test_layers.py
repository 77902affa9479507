"""Imports run one way, file by file; read from the syntax trees, so a lazy import counts too."""

import ast
from functools import cache
from pathlib import Path

import networkx as nx

PACKAGE = Path(__file__).parent.parent / "muso_exp"
FLOORS = (  # a room imports from lower floors and from itself; rooms of one floor do not meet
    {"text"},
    {"errors", "records", "redaction", "options", "places"},
    {"figures", "terminal", "csv_cells", "opening", "memory", "spark", "stopping"},
    {"features", "cache", "training"},
    {"metrics", "simulation", "sound", "models"},
    {"formats", "collectors"},
    {"tasks"},
    {"evaluation"},
    {"experiment"},
    {"data"},
    {"run", "trained"},
    {"job", "loaded", "elsewhere", "served_run", "app"},
    {"permuted"},
    {"commands"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MAY_USE_HYDRA = {"__main__", "job", "run", "experiment", "commands"}
CONCRETE = ("data", "models", "simulation")  # arrive by `_target_` only


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name below it; a package's `__init__` is itself."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join(parts)] = path
    return found


MODULES = modules()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def names(module: str) -> set[str]:
    """What a module imports, as dotted names, lazily and under TYPE_CHECKING too."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


@cache
def own_imports(module: str) -> set[str]:
    """The modules of this package that a module imports."""
    found = set()
    for name in names(module):
        below = name.removeprefix("muso_exp.") if name.startswith("muso_exp.") else ""
        for known in (below, below.rpartition(".")[0]):
            if known in MODULES and known:
                found.add(known)
                break
    return found - {module}


def room(module: str) -> str:
    return module.partition(".")[0]


NAMED = [module for module in MODULES if module]


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in NAMED} == set(FLOOR)


def test_a_module_imports_only_from_lower_floors() -> None:
    above = {
        module: other
        for module in NAMED
        for other in own_imports(module)
        if room(other) != room(module) and FLOOR[room(other)] >= FLOOR[room(module)]
    }
    assert above == {}


def test_models_and_data_never_meet() -> None:
    pair = {"models", "data"}
    met = {
        module: other
        for module in NAMED
        for other in own_imports(module)
        if {room(module), room(other)} == pair
    }
    assert met == {}


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = nx.DiGraph((module, other) for module in NAMED for other in own_imports(module))
    circles = [group for group in nx.strongly_connected_components(graph) if len(group) > 1]
    assert circles == []


def roots(module: str) -> set[str]:
    return {name.partition(".")[0] for name in names(module)}


def test_only_the_top_knows_hydra() -> None:
    users = {room(module) for module in NAMED if roots(module) & {"hydra", "omegaconf"}}
    assert users <= MAY_USE_HYDRA


def test_the_program_never_names_a_dataset_or_a_model() -> None:
    programs = [module for module in NAMED if room(module) in ("run", "experiment")]
    named = {other for module in programs for other in own_imports(module)}
    concrete = {other for other in named if room(other) in CONCRETE}
    assert concrete <= {"data.base", "models.base", "models.abilities"}


def test_readers_need_no_torch() -> None:
    readers = [module for module in NAMED if room(module) == "formats"]
    heavy = {"torch", "pytorch_lightning", "torchmetrics"}
    assert len(readers) > 20 and [module for module in readers if roots(module) & heavy] == []


def test_no_room_holds_more_than_a_fifth_of_the_lines() -> None:
    lines: dict[str, int] = {}
    for module in NAMED:
        text = MODULES[module].read_text(encoding="utf-8")
        lines[room(module)] = lines.get(room(module), 0) + len(text.splitlines())
    biggest = max(lines, key=lines.__getitem__)
    assert lines[biggest] <= 0.2 * sum(lines.values()), f"{biggest}: {lines}"


def test_no_file_is_long() -> None:
    texts = {module: MODULES[module].read_text(encoding="utf-8") for module in NAMED}
    lines = {module: len(text.splitlines()) for module, text in texts.items()}
    assert {module: n for module, n in lines.items() if n > 300} == {}


def test_no_constructor_takes_many_options() -> None:
    """More than 15: a node of options is due."""
    many = []
    for module in NAMED:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                many += [f"{module}, line {node.lineno}"] * (len(taken) - 1 > 15)
    assert many == []


def test_one_name_means_one_class() -> None:
    places: dict[str, list[str]] = {}
    for module in NAMED:
        for node in tree(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_program_is_read_at_a_glance() -> None:
    (run,) = (node for node in tree("run").body if getattr(node, "name", "") == "run")
    assert run.end_lineno - run.lineno < 55


def test_compiled_loops_stand_apart_from_duckdb() -> None:
    """Numba keeps the module of a loop alive, and DuckDB then reports leaks when a run ends."""
    texts = {name: path.read_text() for name, path in modules().items()}
    assert [
        name for name, text in texts.items() if "njit" in text and "import duckdb" in text
    ] == []
