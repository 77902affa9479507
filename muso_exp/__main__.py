"""The command line: a bare word first is a command, anything else is Hydra's."""

from __future__ import annotations

import difflib
import errno
import hashlib
import logging
import math
import os
import signal
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from muso_exp.catalogue import (
    conf_folder,
    describe_commands,
    describe_experiments,
    experiments,
)
from muso_exp.errors import ConfigError, MusoError, is_out_of_memory

log = logging.getLogger("muso_exp")

USAGE = """usage: python -m muso_exp +experiment=NAME [key=value ...]
       python -m muso_exp COMMAND [--help]

keys that are good to know:
  dataset.root=FOLDER  real files instead of the simulated world     seed=N   scale=desk|paper|smoke
  trainer.max_epochs=N and other arguments of Lightning's Trainer     trainer=quick: a glance
  ckpt=RUN_FOLDER resumes     paths.outputs=FOLDER     logger=none     -m key=a,b,c: a sweep
  --cfg job shows the configuration     --hydra-help shows Hydra's own options
"""


# What a place answers that is not writable, not readable, full, or a file instead of a folder.
REFUSED = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
)


class Stopped(BaseException):
    """SIGINT or SIGTERM; the exit status is 128 + the signal's number, as shells have it."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}")


def main() -> None:
    """Run what the command line says; the exit status tells how it ended."""
    args = sys.argv[1:]
    debug = os.environ.get("HYDRA_FULL_ERROR") == "1"
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    try:
        if not args:
            sys.stderr.write(f"{USAGE}\n")
            sys.stdout.write(describe_experiments())
            sys.exit(2)
        if args[0] in ("-h", "--help"):
            sys.stdout.write(f"{USAGE}\n{describe_commands()}\n{describe_experiments()}")
        elif args[0][0].isalpha() and "=" not in args[0]:
            _command(args[0])
        else:
            _experiment(args)
    except Stopped as stopped:
        _fail(stopped, 128 + stopped.signum)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        known = _known(error)
        if known is None or (debug and known is not error):
            raise
        _fail(known, known.exit_code)


def _command(name: str) -> None:
    """Hand the rest of the command line to the typer command of that name."""
    if not (Path(__file__).parent / "commands" / f"{name}.py").is_file():
        raise ConfigError(f"no command {name!r}; see python -m muso_exp --help")
    import typer

    function = getattr(import_module(f"muso_exp.commands.{name}"), name)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    app(sys.argv[2:], prog_name=f"python -m muso_exp {name}")


def _experiment(args: list[str]) -> None:
    """Let Hydra compose the configuration and call `task` with it."""
    import hydra
    from hydra.core.plugins import Plugins

    from muso_exp.overrides import in_grammar
    from muso_exp.sweep import WorkingFolderConf

    _check_experiment(args)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and the error is told here
    os.environ["MUSO_RUN"] = _run_name(args)
    args = [f"+{arg}" if arg.startswith("experiment=") else arg for arg in in_grammar(args)]
    # Hydra wants all overrides in a row; whoever types -m may type it anywhere
    sys.argv[1:] = sorted(args, key=lambda arg: arg not in ("-m", "--multirun"))
    Plugins.instance().register(WorkingFolderConf)
    app = hydra.main(config_path=str(conf_folder()), config_name="config", version_base="1.3")
    app(task)()


def task(cfg: Any) -> float | None:
    """Run one job; return the metric that a sweep optimises."""
    from muso_exp.overrides import check
    from muso_exp.sweep import in_sweep

    try:
        check(cfg)
        record, folder = _run(cfg)
    except Exception as error:
        known = _known(error)
        if known is None:
            log.exception("%s failed; please report what follows", cfg.name)
        else:
            log.error("%s", _one_line(known))  # to the console and run.log; Hydra would add a line
        _drop_empty(Path(cfg.paths.run))
        if _goes_on(cfg, known or error):
            return math.nan
        sys.exit(1 if known is None else known.exit_code)
    except Stopped as stopped:
        if in_sweep():
            stopped.args = (f"{stopped}; the same command with rerun=false goes on",)
        elif (Path(cfg.paths.run) / "checkpoints" / "last.ckpt").exists():
            stopped.args = (f"{stopped}; the same command with ckpt={cfg.paths.run} resumes",)
        raise
    _show(record, folder)
    return record["metrics"].get(cfg.objective) if cfg.objective else None


def _goes_on(cfg: Any, error: Exception) -> bool:
    """Note a run of a sweep that failed; the others go on.

    Of a sweep whose first run fails, nothing is left.
    """
    from hydra.core.hydra_config import HydraConfig

    from muso_exp.sweep import in_sweep, note_failure

    hydra = HydraConfig.get()
    if not in_sweep():
        return False
    if hydra.job.num == 0:
        _drop_empty(Path(hydra.sweep.dir))
        return False
    kind = "" if isinstance(error, MusoError) else f"{type(error).__name__}: "
    note_failure(Path(cfg.paths.run), hydra.job.override_dirname, kind + _one_line(error))
    return True


def _run(cfg: Any) -> tuple[dict[str, Any], Path]:
    _quiet()
    from muso_exp.run import adopt, earlier, run
    from muso_exp.sweep import in_sweep

    same = None if cfg.rerun else earlier(cfg)
    if same and in_sweep():
        adopt(same, Path(cfg.paths.run))
        return same.record, Path(cfg.paths.run)
    if same:
        _drop_empty(Path(cfg.paths.run))
        return same.record, same.folder
    log.info("%s: scale %s, seed %s", cfg.name, cfg.scale, cfg.seed)
    return run(cfg).record, Path(cfg.paths.run)


def _quiet() -> None:
    """Silence what libraries say unasked and no user can act on."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    for message in (".*LeafSpec.*", ".*log_every_n_steps.*", ".*across ranks is zero.*"):
        warnings.filterwarnings("ignore", message=message)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def _show(record: dict[str, Any], folder: Path) -> None:
    """Print the paper card; the run folder is the last line."""
    from rich.console import Console

    from muso_exp.report import card_tables

    width = None if sys.stdout.isatty() else 160
    console = Console(width=width)
    console.print(card_tables(record))
    console.print(f"\nreport: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    sys.stdout.write(f"{folder}\n")


def _check_experiment(args: list[str]) -> None:
    """Refuse an experiment that is not there, with the nearest names."""
    known = experiments()
    for arg in args:
        key, _, name = arg.lstrip("+").partition("=")
        if key == "experiment" and "," not in name and name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or list(known)
            raise ConfigError(f"no experiment {name!r}; did you mean {', '.join(near)}?")


def _run_name(args: list[str]) -> str:
    """Return `<time>-<short hash>`: no two processes get the same one."""
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    unique = f"{args} {os.getpid()} {time.time_ns()}"
    return f"{stamp}-{hashlib.sha256(unique.encode()).hexdigest()[:6]}"


def _drop_empty(folder: Path) -> None:
    """Remove what Hydra laid down for a run, or a sweep, that never began."""
    import shutil

    if not list(folder.glob("**/checkpoints")):
        shutil.rmtree(folder, ignore_errors=True)


def _stop(signum: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signum, signal.SIG_IGN)  # a second Ctrl-C must not cut the tidying short
    raise Stopped(signum)


def _fail(error: BaseException, status: int) -> NoReturn:
    sys.stderr.write(f"muso_exp: {error}\n")
    sys.exit(status)


def _known(error: Exception) -> MusoError | None:
    """Return the error as one that the user can mend; None for a fault of the program."""
    if isinstance(error, MusoError):
        return error
    if isinstance(error, OSError) and error.errno in REFUSED:
        place = "" if error.filename is None else f"{error.filename}: "
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fix = "; free some, or set paths.outputs and paths.cache" if full else ""
        return MusoError(f"{place}{error.strerror}{fix}")
    if is_out_of_memory(error):
        said = _one_line(error) or "no more can be allocated"
        fix = "close programs, or set a smaller scale=, dataset.batch_size= or data set"
        return MusoError(f"out of memory: {said}; {fix}")
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return ConfigError(_one_line(error))
    return None


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines)


if __name__ == "__main__":
    main()
