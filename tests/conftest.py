"""What all tests share: the real data (or a skip), one cache a session, and the command line."""

import gc
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # workers share cores; read as torch is loaded

import pytest
from hydra.core.global_hydra import GlobalHydra
from matplotlib.figure import Figure
from musicnn_arrays import write_musicnn
from omegaconf import DictConfig
from undrawn import SAVING, save

from muso_exp import __main__ as program
from muso_exp.experiment import settings
from muso_exp.experiment.listing import conf_folders
from muso_exp.experiment.quick_omegaconf import quicken
from muso_exp.figures import common
from muso_exp.records import Section
from muso_exp.training import tracking_store

REPOSITORY = Path(__file__).parent.parent
CONF = (REPOSITORY / "conf").resolve()
quicken()  # tests read all of conf/ as they are collected
begin = Section.__init__
SMOKE = ["+experiment=dos_classifier", "scale=smoke", "resamples=50"]  # a run of seconds

# Files whose tests take longest begin first: what begins last ends the suite, on one process alone.
LONGEST = (
    *("test_experiments", "test_failing_jobs", "test_cli_search", "test_cli_continued"),
    *("test_cli_processes", "test_sweep_kills", "test_kills", "test_cli_sweeps", "test_sweep"),
    *("test_tour", "test_reproduce_and_prune", "test_pages_in_browser", "test_reproducible"),
    *("test_docs", "test_hostile_names", "test_fold_in", "test_cli_elsewhere", "test_redaction"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    gc.freeze()  # what is imported stays: to look through it again and again is a tenth of the time
    gc.set_threshold(20_000, 20, 20)  # the garbage of a run is small: looked for less often


@pytest.fixture(scope="session")
def real_data() -> Path:
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MUSO_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set MUSO_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that all tests of a session share, so that the world is simulated once.

    The weights of MusiCNN in it are random: no test fetches any.
    """
    folder = tmp_path_factory.mktemp("cache")
    write_musicnn(folder)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tracker's store that the tests of a file share."""
    return str(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session", autouse=True)
def undrawn() -> Iterator[Callable]:
    """Pages hold a pixel for each figure, which is made as its section is, but for `call`."""
    drawing = common.save

    def made(section: Section, *args: object, **kwargs: object) -> None:
        begin(section, *args, **kwargs)
        if section.figure is not None and not isinstance(section.figure, Figure):
            assert isinstance(section.figure(), Figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "__init__", made)
        for module in SAVING:
            patch.setattr(module, "save", save)
        yield drawing


@pytest.fixture
def drawn(undrawn: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages hold their figures, as a user's do."""
    for module in SAVING:
        monkeypatch.setattr(module, "save", undrawn)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable]:
    """What every run makes anew, and all runs of a session make alike, made once.

    MLflow takes a second to make an empty store, Hydra a tenth to compose what an experiment is
    without the overrides of a run.
    """
    make, compose = tracking_store._make, settings.compose
    empty, composed = tmp_path_factory.mktemp("store") / "empty.db", {}

    def copied(database: Path) -> None:
        if not empty.exists():
            make(empty)
        shutil.copy(empty, database)

    def known(name: str, overrides: list[str]) -> DictConfig:
        if {folder.resolve() for folder in conf_folders() if folder.is_dir()} != {CONF}:
            return compose(name, overrides)  # a plugin's may be another one in each test
        places = [one.path for one in GlobalHydra.instance().config_loader().get_sources()]
        key = (*places, *overrides)
        if key not in composed:
            composed[key] = compose(name, overrides)
        return deepcopy(composed[key])

    return {"_make": copied, "compose": known}


@pytest.fixture
def call(
    tmp_path: Path,
    cache: Path,
    once: dict[str, Callable],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> callable:
    """Call `main` in this process; return exit status, standard output and standard error."""
    monkeypatch.setattr(tracking_store, "_make", once["_make"])
    monkeypatch.setattr(settings, "compose", once["compose"])
    monkeypatch.setattr(Section, "__init__", begin)
    monkeypatch.setenv("MUSO_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setenv("MUSO_CACHE", str(cache))
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

    def run(*given: object) -> tuple[int, str, str]:
        args = [str(arg) for arg in given]
        is_run = any("=" in arg for arg in args) and not args[0].isalpha()
        if is_run and not any("launcher" in arg for arg in args):
            args.append("hydra/launcher=in_process")  # what a test replaces, jobs then see
        monkeypatch.setattr(sys, "argv", ["muso_exp", *args])
        with pytest.raises(SystemExit) as stop:
            program.main()
            sys.exit(0)
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield run
    logging.getLogger().handlers.clear()  # Hydra's write to this test's standard error
    for name, handler in handlers.items():
        signal.signal(name, handler)
