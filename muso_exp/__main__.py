"""The command line: a bare word first is a command, anything else is Hydra's."""

from __future__ import annotations

import atexit
import gc
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from muso_exp.errors import ConfigError, MusoError, Stopped, Through, let_go, meant
from muso_exp.experiment.known_errors import known_error
from muso_exp.experiment.listing import (
    conf_folder,
    conf_folders,
    describe_commands,
    describe_experiments,
    describe_parts,
    refuse_unknown_experiment,
)
from muso_exp.redaction import redact
from muso_exp.stopping import SIGNALS, stop_on
from muso_exp.text import visible

log = logging.getLogger("muso_exp")

USAGE = """usage: python -m muso_exp +experiment=NAME [key=value ...]
       python -m muso_exp COMMAND [--help]

keys that are good to know:
  dataset.root=FOLDER  real files instead of the simulated world     seed=N   scale=desk|paper|smoke
  trainer.max_epochs=N and other arguments of Lightning's Trainer     trainer=quick: a glance
  ckpt=RUN_FOLDER resumes     paths.outputs=FOLDER     logger=none     -m key=a,b,c: a sweep
  -v shows the whole card     --cfg job shows the configuration     --hydra-help: Hydra's options
"""


def wait_briefly() -> None:
    """Let the threads of compiled loops and of torch wait asleep for each other, but for a moment.

    GNU's OpenMP has them wait at work for milliseconds: with other work beside it, a small net or
    factorisation takes ten times as long (measured on two cores). It reads this as it is loaded.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def program() -> None:
    """Be a process: as `main`, but at the end memory goes back at once, not object by object.

    After a training that takes more than a second. What is registered first is called last: threads
    have ended and files are closed by then.
    """
    wait_briefly()
    ended: list[int] = []
    atexit.register(_leave, ended)
    try:
        main()
        ended.append(0)
    except SystemExit as end:
        ended += [end.code] if isinstance(end.code, int) else []
        raise


def _leave(ended: list[int]) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # the interpreter says so, and its exit status does
        return
    for status in ended:
        os._exit(status)


def main() -> None:
    """Run what the command line says; the exit status says how it ended."""
    debug = os.environ.get("HYDRA_FULL_ERROR") == "1"
    stop_on(one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN)  # as of nohup
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names hold letters of any alphabet
    outcome = "FAILED"  # of what is open when this ends: a sweep's parent run, claimed folders
    try:
        _check_arguments(sys.argv[1:])
        _called(sys.argv[1:])
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (Exception, Stopped, KeyboardInterrupt, Through) as raised:
        let_go(raised)
        error = meant(raised.__cause__ or raised if isinstance(raised, Through) else raised)
        if isinstance(error, Stopped):
            outcome = "KILLED"
            _fail(error, 128 + error.signum)
        known = known_error(error) if isinstance(error, Exception) else None
        if known is None or (debug and known is not error):
            sys.stderr.write(redact(traceback.format_exc()))
            sys.exit(1)
        _fail(known, known.exit_code)
    finally:
        _tidy(outcome)


def _called(args: list[str]) -> None:
    if not args:
        sys.stderr.write(f"{USAGE}\n")
        sys.stdout.write(visible(describe_experiments()))
        sys.exit(2)
    if args[0] in ("-h", "--help"):
        sys.stdout.write(
            visible(
                "\n".join([USAGE, describe_commands(), describe_experiments(), describe_parts()])
            )
        )
    elif args[0][0].isalpha() and "=" not in args[0]:
        _command(args[0])
    else:
        _experiment(args)


def _tidy(outcome: str) -> None:
    """End what is still open, and remove what was made for runs that never began."""
    if "muso_exp.experiment.sweep" in sys.modules:  # nothing was opened before it was imported
        from muso_exp.experiment.job_server import end_server
        from muso_exp.experiment.sweep import end_parent
        from muso_exp.training.folders import abandon

        end_server()
        try:
            end_parent(outcome)
        except MusoError as error:
            log.warning("%s; the next start marks the sweep's run KILLED", error)
        finally:
            abandon()


def _check_arguments(args: list[str]) -> None:
    """Refuse empty arguments, and what no page, table or terminal could show as it is.

    Raises:
        ConfigError: nothing in an argument, a control character, or bytes that are not UTF-8.
    """
    if "" in args:  # as a path it would be the working folder
        raise ConfigError(f"argument {args.index('') + 1} is empty; leave it out or give a value")
    given = [(f"argument {place}", arg) for place, arg in enumerate(args, start=1)]
    given += [(name, os.environ.get(name, "")) for name in ("MUSO_OUTPUTS", "MUSO_CACHE")]
    for place, text in [*given, ("the working folder", os.getcwd())]:  # noqa: PTH109 - as text
        if visible(text) != text:
            raise ConfigError(
                f"{place}: {visible(text)}: a control character, or no UTF-8; use another name"
            )


def _command(name: str) -> None:
    """Hand the rest of the command line to the typer command of that name."""
    if not (Path(__file__).parent / "commands" / f"{name}.py").is_file():
        raise ConfigError(f"no command {name!r}; see python -m muso_exp --help")
    import typer
    from typer.exceptions import TyperException

    from muso_exp.experiment.plugins import use

    use([])  # those that are installed, or that the environment names
    with _importing():
        function = getattr(import_module(f"muso_exp.commands.{name}"), name)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    program = f"python -m muso_exp {name}"
    try:
        sys.exit(app(sys.argv[2:], prog_name=program, standalone_mode=False))
    except TyperException as error:  # an option that is not there, or a value that it cannot have
        problem = error.format_message().rstrip(".")
        raise ConfigError(f"{name}: {problem}; see {program} --help") from error


@contextmanager
def _importing() -> Iterator[None]:
    """Let nothing be collected: what is imported stays, and to look through it takes .5 s of 3.

    Nor is it looked through later, in a process that runs the program once.
    """
    gc.disable()
    try:
        yield
    finally:
        _freeze()
        gc.enable()


@cache
def _freeze() -> None:
    """Freeze what there is, once a process; to ask the collector whether it was takes .1 s."""
    gc.freeze()


def _known(args: list[str]) -> list[str]:
    """Return the arguments by their names of today; plugins that they name are put to use.

    An unknown experiment is refused here: to import torch and Lightning first would take seconds.

    Raises:
        ConfigError: an unknown experiment or key, or a plugin that is not there.
    """
    from muso_exp.experiment.known_keys import refuse_unknown
    from muso_exp.experiment.plugins import named, use
    from muso_exp.experiment.renamed import in_place

    use(named(args, []))
    use(named(args, conf_folders()))  # the experiment may be a plugin's
    refuse_unknown_experiment(args)
    args = in_place(args)
    refuse_unknown(args)
    return args


def _experiment(given: list[str]) -> None:
    """Let Hydra compose the configuration and call `task` with it."""
    args = _known([arg for arg in given if arg != "-v"])
    with _importing():
        import hydra
        from hydra.errors import HydraException

        from muso_exp.experiment.hydra_targets import (
            use_checked_loader,
            use_own_launchers,
            use_own_plugins,
        )
        from muso_exp.experiment.overrides import in_grammar
        from muso_exp.experiment.process_launcher import ProcessLauncher
        from muso_exp.experiment.quick_omegaconf import quicken
        from muso_exp.experiment.search_sweeper import SearchSweeper
        from muso_exp.experiment.sweep import FOLDER, VERBOSE, WorkingFolderConf
        from muso_exp.experiment.unknown_options import explained
        from muso_exp.job import task
        from muso_exp.training.run_folders import new_name

    if "-v" in given:
        os.environ[VERBOSE] = "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and the error is shown here
    os.environ["MUSO_RUN"] = new_name(args)
    os.environ.pop(FOLDER, None)
    args = [f"+{arg}" if arg.startswith("experiment=") else arg for arg in in_grammar(args)]
    # Hydra wants all overrides in a row; users may type -m anywhere
    sys.argv[1:] = sorted(args, key=lambda arg: arg not in ("-m", "--multirun"))
    use_own_plugins(WorkingFolderConf, SearchSweeper, ProcessLauncher)
    use_own_launchers()
    use_checked_loader()
    quicken()
    app = hydra.main(config_path=str(conf_folder()), config_name="config", version_base="1.3")
    try:
        app(task)()
    except HydraException as error:
        raise explained(error, args) from error


def _fail(error: BaseException, status: int) -> NoReturn:
    sys.stderr.write(f"muso_exp: {visible(redact(str(error)))}\n")
    sys.exit(status)


if __name__ == "__main__":
    program()
