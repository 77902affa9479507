"""A signal stops the program wherever it is, also where Python drops an exception."""

import signal
import sys
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from muso_exp import stopping
from muso_exp.errors import EndedError, Stopped, meant


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {signum: signal.getsignal(signum) for signum in stopping.SIGNALS}
    hook = sys.unraisablehook
    stopping.stop_on()
    yield
    sys.unraisablehook = hook
    for signum, handler in before.items():
        signal.signal(signum, handler)


class Thing:
    pass


def in_a_destructor(action: Callable[[], None]) -> None:
    class Ending:
        def __del__(self) -> None:
            action()

    Ending()


def in_the_callback_of_a_weak_reference(action: Callable[[], None]) -> None:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: action())
    del thing
    assert reference() is None


@pytest.mark.parametrize("signum", stopping.SIGNALS)
@pytest.mark.parametrize("within", [in_a_destructor, in_the_callback_of_a_weak_reference])
def test_a_stop_that_nobody_hears_comes_again(
    within: Callable, signum: int, capsys: pytest.CaptureFixture
) -> None:
    within(lambda: signal.raise_signal(signum))
    with pytest.raises(Stopped) as stopped:
        time.sleep(10)
    assert stopped.value.signum == signum
    assert capsys.readouterr().err == ""


def test_the_second_signal_does_not_cut_the_tidying_short() -> None:
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)
    for signum in stopping.SIGNALS:
        signal.raise_signal(signum)


def test_other_errors_that_nobody_hears_are_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(stopping, "_others", lambda dropped: said.append(dropped.exc_value))
    in_a_destructor(lambda: [][0])
    assert [type(error) for error in said] == [IndexError]


def test_an_error_while_a_stop_is_tidied_up_stands_for_the_stop() -> None:
    with pytest.raises(RuntimeError) as failed:
        try:
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                raise KeyError("half open")
        except KeyError as error:
            raise RuntimeError("cannot join thread before it is started") from error
    stop = meant(failed.value)
    assert isinstance(stop, Stopped) and stop.signum == signal.SIGTERM


def test_what_an_ending_stands_for_without_a_stop() -> None:
    error = ValueError("of a model")
    assert meant(error) is error
    assert isinstance(meant(KeyboardInterrupt()), Stopped)
    assert isinstance(meant(SystemExit(3)), EndedError)
