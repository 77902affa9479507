import logging
import sys
import warnings
from pathlib import Path

import pytest

from muso_exp.redaction import Formatter, redact, redact_warnings, redacted, secret_values


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("http://me:pass@host:5000/a", "http://***@host:5000/a"),
        ("see https://token@host, now", "see https://***@host, now"),
        ("postgresql+psycopg://me:p@ss/w:1@host/db", "postgresql+psycopg://***@host/db"),
        ("http://h/?user=me&api_key=abc&x=1", "http://h/?user=me&api_key=***&x=1"),
        ("https://h/c?sp=r&sig=abc%3D", "https://h/c?sp=r&sig=***"),
        ("http://host:5000/songs", "http://host:5000/songs"),
        ("sqlite:///outputs/mlflow.db", "sqlite:///outputs/mlflow.db"),
        ("mail me@host or @peace", "mail me@host or @peace"),
        ("key=C major, tempo=120", "key=C major, tempo=120"),
    ],
)
def test_what_is_secret_in_an_address_is_hidden_and_nothing_else(given: str, shown: str) -> None:
    assert redact(given) == shown


@pytest.mark.parametrize(
    "name",
    ["LASTFM_API_KEY", "TOKEN", "my_secret", "DB_PASSWORD", "APIKEY", "AWS_SECRET_ACCESS_KEY_2"],
)
def test_a_value_of_the_environment_is_hidden_by_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, 'four & "twenty"')
    assert redact('x=four & "twenty".') == "x=***."
    assert redact('{"x": "four & \\"twenty\\""}') == '{"x": "***"}'
    assert redact("http://h/four%20%26%20%22twenty%22") == "http://h/***"


@pytest.mark.parametrize("name", ["MUSICAL_KEYNOTE", "MONKEY", "KEYBOARD", "TOKENIZER"])
def test_a_name_that_only_begins_like_a_secret_hides_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "A minor seventh")
    assert "A minor seventh" not in secret_values()


def test_a_short_value_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "seven77")
    assert redact("seven77 songs") == "seven77 songs"


def test_a_tree_is_redacted_with_its_keys_and_numbers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "canary-1")
    tree = {"a canary-1": ["canary-1", 3, None, True], "b": {"c": ("x", 0.5)}}
    assert redacted(tree) == {"a ***": ["***", 3, None, True], "b": {"c": ["x", 0.5]}}


def test_a_secret_in_a_traceback_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "canary-1")
    try:
        raise ValueError("with canary-1")
    except ValueError:
        record = logging.LogRecord("x", 40, "x.py", 1, "got %s", ("canary-1",), sys.exc_info())
    line = Formatter("%(message)s").format(record)
    assert line.startswith("got ***\nTraceback") and line.endswith("ValueError: with ***")


SMOKE = ("+experiment=playlist_membership", "scale=smoke", "resamples=20", "trainer.max_epochs=1")
IN_YAML = '"${oc.env:LASTFM_API_KEY}"'
GIVEN = 'paper.claims.0.source="http://me:canary-of-the-line@host/x"'
TYPED = "paper.claims.0.condition=canary-of-the-tracker"


def files_with(text: bytes, folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in found]


def test_no_file_and_no_output_of_a_run_holds_a_secret(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "canary-of-the-environment")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "canary-of-the-tracker")
    status, out, err = call(*SMOKE, f"paper.document={IN_YAML}", f"+model.note={IN_YAML}")
    assert status == 2 and "canary" not in out + err  # the model takes no note
    status, out, err = call(*SMOKE, f"paper.document={IN_YAML}", GIVEN, TYPED)
    assert status == 0 and "canary" not in out + err
    run = Path(out.splitlines()[-1])
    assert "document: '***'" in (run / "report.md").read_text()
    assert files_with(b"canary-of", tmp_path) == []


def test_a_secret_names_no_run(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "canary-of-the-environment")
    status, out, err = call(*SMOKE, "name=by_canary-of-the-environment")
    assert status == 2 and "name: holds a secret of the environment" in err
    assert "canary" not in out + err and files_with(b"canary-of", tmp_path) == []


def test_a_sweep_hides_secrets_too(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "canary-of-the-environment")
    given = ("logger=none", f"paper.document={IN_YAML}", GIVEN, "seed=0,1")
    status, out, err = call("-m", *SMOKE, *given)
    assert status == 0 and "canary" not in out + err
    assert files_with(b"canary-of", tmp_path) == []


def test_a_tracking_server_that_is_dead_is_reported_without_its_password(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:canary-of-the-line@127.0.0.1:9")
    status, out, err = call(*SMOKE)
    assert status == 1 and "127.0.0.1:9" in err and "canary" not in out + err
    assert len(err.splitlines()) == 2  # the run's first line, and the reason
    assert files_with(b"canary-of", tmp_path) == []


def test_a_fault_of_the_program_is_shown_without_secrets(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from muso_exp.evaluation.outcome import Outcome

    def fail(self: Outcome, *_: object) -> None:
        raise RuntimeError("http://me:canary-of-the-line@host is away")

    monkeypatch.setattr(Outcome, "write", fail)
    status, out, err = call(*SMOKE, "logger=none")
    assert status == 1 and "RuntimeError: http://***@host is away" in err
    assert "canary" not in out + err
    assert files_with(b"canary-of", tmp_path) == []


def test_a_secret_in_a_path_is_in_no_checkpoint(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_API_KEY", "canary-of-the-environment")
    keeps = ["+callbacks.x._target_=pytorch_lightning.callbacks.ModelCheckpoint"]
    keeps += ["+callbacks.x.every_n_train_steps=1"]  # the run's own have other settings
    keeps += [f"+callbacks.x.dirpath={tmp_path / 'by_canary-of-the-environment'}", "logger=none"]
    status, out, err = call(*SMOKE, *keeps)
    assert status == 0 and "canary" not in out + err
    run = Path(out.splitlines()[-1])
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert files_with(b"canary-of", tmp_path) == []
    (run / "metrics.json").unlink()  # as if it had been stopped: it goes on
    assert call(*SMOKE, *keeps, f"ckpt={run}")[0] == 0


def test_a_secret_in_a_warning_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "canary-1")
    monkeypatch.setattr(warnings, "formatwarning", lambda message, *_: f"x.py:1: {message}")
    redact_warnings()
    redact_warnings()
    assert warnings.formatwarning("of canary-1", UserWarning, "x.py", 1) == "x.py:1: of ***"
