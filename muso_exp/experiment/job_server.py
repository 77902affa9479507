"""Processes of a sweep's jobs: forked from one that has imported everything and started nothing.

The server is forked from the sweep before that opens a database, takes a lock or starts a thread,
so that its children may do all of that. A child that dies costs itself only; all end with the
sweep's own process, however that ends (on Linux the system sees to it).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing import Pipe, util
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import cloudpickle
from omegaconf import OmegaConf

from muso_exp.errors import ConfigError, Stopped
from muso_exp.redaction import redact
from muso_exp.stopping import SIGNALS

# What jobs import, and what takes long; none of it starts threads that a child would lack.
PRELOADED = (
    *("muso_exp.run", "muso_exp.training.pruning", "muso_exp.evaluation.report"),
    *("muso_exp.evaluation.terminal_card", "muso_exp.features.ranking", "sklearn.ensemble"),
    *("matplotlib.backends.backend_agg", "PIL.GifImagePlugin", "pyarrow.pandas_compat"),
)
# The last four are what a tracked run imports when it begins: a fifth of a second.
TRACKING = (
    *("mlflow.store.tracking.sqlalchemy_store", "pytorch_lightning.loggers.mlflow"),
    *("mlflow.store.tracking.sqlalchemy_workspace_store", "sqlalchemy.dialects.sqlite"),
    *("mlflow.tracing.processor.base_mlflow", "git"),
)
TARGET = "muso_exp.experiment.process_launcher.ProcessLauncher"  # that jobs are started by
PATIENCE = 60.0  # seconds that jobs have to end after a signal
PARTS = ("dataset", "model", "models")  # of a configuration, that jobs build objects from
_POLL = 0.02  # seconds between two looks at the children
_DEATH = 1  # Linux: PR_SET_PDEATHSIG
_OOM_SCORE = "500"  # of a job: when memory runs out, the system ends one, not the sweep


_servers: list[JobServer] = []


class Ended(NamedTuple):
    """How a job's process ended.

    Attributes:
        number: of the job.
        code: 0, an exit status, or the negative number of the signal that ended it.
        answer: what its function returned; None where it did not return.
    """

    number: int
    code: int
    answer: Any


class JobServer:
    """Forks a process for each job; made by a process that has no threads yet.

    Args:
        modules: imported first, so that no job has to; one that is not there is left out.
    """

    def __init__(self, modules: tuple[str, ...] = ()) -> None:
        for name in (*PRELOADED, *modules):
            with suppress(ImportError):
                import_module(name)
        handlers = {signum: signal.getsignal(signum) for signum in SIGNALS}
        self._connection, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._connection.close()
            _be_forked(lambda: _Children(theirs, handlers).serve())
        theirs.close()

    def start(self, number: int, function: Callable[[], Any]) -> None:
        """Start a job.

        Args:
            number: that names it.
            function: called in its process; it and what it returns can be pickled.
        """
        self._connection.send_bytes(cloudpickle.dumps((number, function)))

    def wait(self) -> Ended:
        """Wait until one of the jobs has ended.

        Raises:
            EOFError: the server itself was killed, and its jobs with it.
        """
        return Ended(*cloudpickle.loads(self._connection.recv_bytes()))

    def end(self) -> None:
        """Stop the jobs that still run (SIGTERM, at last SIGKILL), then the server."""
        if self.pid:
            self._connection.close()
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0


class _Child(NamedTuple):
    number: int
    pid: int
    answer: Connection


class _Children:
    """The server's own side.

    Args:
        connection: to the sweep.
        handlers: of the signals that a job handles itself.
    """

    def __init__(self, connection: Connection, handlers: dict[signal.Signals, Any]) -> None:
        self.connection, self.handlers = connection, handlers
        self.running: list[_Child] = []
        self.answers: dict[int, Any] = {}

    def serve(self) -> None:
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
        with suppress(EOFError, BrokenPipeError):
            while True:
                open_ends = [one.answer for one in self.running if not one.answer.closed]
                ready = wait([self.connection, *open_ends], _POLL if self.running else None)
                if self.connection in ready:
                    self._fork(*cloudpickle.loads(self.connection.recv_bytes()))
                self._look()
        self._end()

    def _fork(self, number: int, function: Callable[[], Any]) -> None:
        asked, answer = Pipe(duplex=False)
        pid = os.fork()
        if pid == 0:
            for one in (self.connection, asked, *(child.answer for child in self.running)):
                one.close()
            for signum, handler in self.handlers.items():
                signal.signal(signum, handler)
            _be_forked(lambda: answer.send_bytes(cloudpickle.dumps(function())), is_job=True)
        answer.close()
        self.running.append(_Child(number, pid, asked))

    def _look(self) -> None:
        """Take what children have answered, and report to the sweep those that have ended."""
        for child in list(self.running):
            _, status = gone = os.waitpid(child.pid, os.WNOHANG)
            self._take_answer(child)
            if gone[0]:
                self.running.remove(child)
                child.answer.close()
                code = os.waitstatus_to_exitcode(status)
                ended = (child.number, code, self.answers.pop(child.number, None))
                self.connection.send_bytes(cloudpickle.dumps(ended))

    def _take_answer(self, child: _Child) -> None:
        if child.answer.closed or not child.answer.poll():
            return
        try:
            self.answers[child.number] = cloudpickle.loads(child.answer.recv_bytes())
        except (EOFError, OSError):
            child.answer.close()

    def _end(self) -> None:
        """Stop the children that run, and wait for them."""
        deadline = time.monotonic() + PATIENCE
        for child in self.running:
            os.kill(child.pid, signal.SIGTERM)
        while self.running:
            if time.monotonic() > deadline:
                for child in self.running:
                    os.kill(child.pid, signal.SIGKILL)
            time.sleep(_POLL)
            for child in list(self.running):
                if os.waitpid(child.pid, os.WNOHANG)[0]:
                    self.running.remove(child)


def _be_forked(function: Callable[[], Any], is_job: bool = False) -> NoReturn:
    """Be a forked process: call a function, and end without what the parent does at its end."""
    code = 1
    try:
        _die_with_the_parent()
        if is_job:
            with suppress(OSError):  # not Linux
                Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        function()
        code = 0
    except Stopped as stopped:
        code = 128 + stopped.signum
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        sys.stderr.write(redact(traceback.format_exc()))
    finally:
        with suppress(Exception):
            _end_workers(kill=code != 0)
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _end_workers(kill: bool) -> None:
    """End joblib's idle processes, which a normal exit ends: else they wait minutes for more.

    They would hold the output open, so that a shell's pipe behind the sweep waits with them.

    Args:
        kill: do not let them end by themselves; of a job that failed or was stopped they may be at
            work. One that is killed as it gives a lock back leaves a warning of its tracker.
    """
    pools = sys.modules.get("joblib.externals.loky.reusable_executor")
    pool = getattr(pools, "_executor", None)
    try:
        if pool is not None:
            pool.terminate(kill_workers=kill)  # and its folder of shared arrays
    finally:
        util._run_finalizers(0)  # type: ignore[attr-defined]  # locks, of which a tracker warns


def _die_with_the_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DEATH, signal.SIGKILL)


def start_server(config: Any) -> None:
    """Fork the server of a sweep's jobs, where its launcher wants one.

    Args:
        config: of a sweep that is about to begin, and has opened nothing so far.

    Raises:
        ConfigError: a system that cannot fork.
    """
    if config.hydra.launcher.get("_target_") != TARGET:
        return
    if not hasattr(os, "fork"):
        raise ConfigError(f"{sys.platform} cannot fork processes; set hydra/launcher=in_process")
    end_server()
    _servers.append(JobServer((*modules(config), *(TRACKING if config.get("logger") else ()))))


def modules(config: Any) -> list[str]:
    """Return the modules of this program that the jobs of a sweep build from.

    Which model a job has may follow from its row (`model: ${models.${variant}}`), which the
    configuration of the sweep does not know: the models of all rows are named.
    """
    parts: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, list(PARTS)), resolve=False)
    rows = parts.get("models") or {}
    built = [parts.get("dataset"), parts.get("model"), *rows.values()]
    targets = [str(part["_target_"]) for part in built if isinstance(part, dict)]
    names = (target.rpartition(".")[0] for target in targets)
    return list(dict.fromkeys(name for name in names if name.startswith("muso_exp.")))


def running_server() -> JobServer:
    """Return the server of the sweep that runs."""
    return _servers[-1]


def end_server() -> None:
    """End the server of the sweep, and its jobs if some still run."""
    while _servers:
        _servers.pop().end()
