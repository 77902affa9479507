"""Signals that stop the program: as an exception, which comes again where nobody could hear it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import NoReturn

from muso_exp.errors import Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = 0.05  # seconds until a signal that nobody heard comes again

_others = sys.unraisablehook


def stop_on(signals: Iterable[int] = SIGNALS) -> None:
    """Have signals raise `Stopped` in the main thread; the first one has the others ignored.

    Python drops what is raised within a destructor, the callback of a weak reference or one from C.
    A signal may come there as anywhere else (opening MLflow's store runs thousands of such
    callbacks): it is sent anew, a moment later.
    """
    global _others
    for signum in signals:
        signal.signal(signum, _stop)
    if sys.unraisablehook is not _unheard:
        _others, sys.unraisablehook = sys.unraisablehook, _unheard


def _stop(signum: int, _frame: FrameType | None) -> NoReturn:
    for each in {*SIGNALS, signum}:  # a second Ctrl-C must not cut the tidying short
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(signum)


def _unheard(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, Stopped):
        _others(dropped)
        return
    signum = dropped.exc_value.signum
    signal.signal(signum, _stop)
    main = threading.main_thread().ident or 0
    again = threading.Timer(_AGAIN, signal.pthread_kill, (main, signum))
    again.daemon = True
    again.start()
