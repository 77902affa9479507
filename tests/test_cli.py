"""The command line as a user meets it: exit status, one line per error, nothing left behind."""

import errno
import json
import re
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from conftest import SMOKE

import muso_exp.run
from muso_exp.experiment.listing import commands

TABLE = ["+experiment=wmf_merge", "scale=smoke"]


def test_without_arguments_the_experiments_are_listed(call: callable) -> None:
    status, out, err = call()
    assert status == 2
    assert "dos_classifier" in out and err.startswith("usage:")


def test_help_lists_commands_and_experiments(call: callable) -> None:
    status, out, _ = call("--help")
    assert status == 0
    assert "compare " in out and "dos_classifier" in out


@pytest.mark.parametrize("command", commands())
def test_a_command_shows_how_it_is_called(command: str, call: callable) -> None:
    status, out, _ = call(command, "--help")
    assert status == 0
    assert out.split("[OPTIONS]")[0].split() == ["Usage:", "python", "-m", "muso_exp", command]


@pytest.mark.parametrize(
    "args",
    [
        ["neighbours", "run", "item", "--k", "0"],
        ["match", "a", "b", "--threshold", "101"],
        ["match", "a", "b", "--sample", "-1"],
        ["match", "a", "b", "--seed", "-1"],
        ["collect", "a", "b", "--out", "c", "--seed", "-1"],
        ["world", "--seed", "-1"],
    ],
)
def test_a_number_out_of_range_is_refused(args: list[str], call: callable) -> None:
    status, _, err = call(*args)
    assert status == 2
    assert f"Invalid value for '{args[-2]}'" in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["predict", "run", "x", "--timezone", "UTC"], "predict: No such option: --timezone"),
        (["taste", "x", "--dowload"], r"taste: No such option: --dowload \(Possible options: --do"),
        (["compare"], "compare: Missing argument 'places'"),
        (["taste", "x", "--min-seconds", "nan"], "taste: Invalid value for '--min-seconds'"),
    ],
)
def test_a_wrong_option_is_one_line(args: list[str], said: str, call: callable) -> None:
    status, _, err = call(*args)
    help_of = f"see python -m muso_exp {args[0]} --help"
    assert status == 2 and re.fullmatch(f"muso_exp: {said}.*; {help_of}\n", err)


class OutOfMemoryException(Exception):
    """Of DuckDB, by its name."""


def words_of_failure(error: Exception, call: callable, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what the program says where building a part of a run raises an error."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(muso_exp.run, "build", fails)
    status, _, err = call(*SMOKE, "logger=none")
    assert status == 1 and "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "no more can be allocated"),
        (MemoryError("Unable to allocate 7 GiB for an array"), "Unable to allocate 7 GiB"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "DefaultCPU"),
        (OutOfMemoryException("could not allocate block"), "could not allocate block"),
    ],
)
def test_too_little_memory_is_reported_in_one_line(
    error: Exception, said: str, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    err = words_of_failure(error, call, monkeypatch)
    assert f"out of memory: {said}" in err.splitlines()[-1]
    assert "set a smaller scale=, dataset.batch_size= or data set" in err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("[/pytorch/third_party/gloo/x.cc:5] Read error"), "another process of this"),
        (torch.distributed.DistBackendError("NCCL"), "another process of this run has ended"),
    ],
)
def test_a_process_that_was_killed_is_told_in_words(
    error: Exception, said: str, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    err = words_of_failure(error, call, monkeypatch)
    assert said in err.splitlines()[-1]


def test_songs_that_do_not_match_are_reported_in_words(call: callable, tmp_path: Path) -> None:
    for name, artist in (("a.csv", "Nina Simone"), ("b.csv", "Björk")):
        (tmp_path / name).write_text(f"id,artist,title\n1,{artist},Song of {artist}\n")
    status, out, _ = call("match", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert status == 0
    assert out.splitlines()[-1] == "no pair found" and "Empty" not in out


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["+experiment=dos_clasifier"], 2, "no experiment 'dos_clasifier'; did you mean dos_"),
        ([*SMOKE, "model=ruler"], 2, "one of your own package needs plugins=[PACKAGE]"),
        (["comparee"], 2, "no command 'comparee'"),
        ([*SMOKE, "trainer.max_epoch=3"], 2, "max_epoch"),
        ([*SMOKE, "dataset.root=/nowhere"], 1, "/nowhere: not found"),
        ([*SMOKE, "ckpt=/nowhere"], 1, "ckpt=/nowhere: no checkpoint at"),
        ([*SMOKE, "model._target_=os.system"], 2, "_target_=os.system: refused"),
        ([*SMOKE, "logger.tracking_uri=file:x"], 2, "MLflow no longer keeps runs in folders"),
        ([*SMOKE, "scale=huge"], 2, "scale=huge: choose desk, paper or smoke"),
        ([*SMOKE, "seed=abc"], 2, "seed=abc: a whole number from 0 to 4294967295 is needed"),
        ([*SMOKE, "seed=-1"], 2, "seed=-1: a whole number from 0 to"),
        ([*SMOKE, "resamples=abc"], 2, "resamples=abc: a whole number of at least 20 is needed"),
        ([*SMOKE, "resamples=3"], 2, "resamples=3: a whole number of at least 20 is needed"),
        (
            [*TABLE, "hydra.mode=RUN", "variant=bogus"],
            2,
            "bogus: choose as_listed, most_played or merged",
        ),
        ([*SMOKE, "model.lr=a(b"], 2, "for Hydra: \"model.lr='a(b'\""),
        ([*SMOKE, "dataset.root=/nowhere/Meine Listen ä (1)"], 1, "Listen ä (1): not found"),
        ([*SMOKE, "dataset.root=~/nowhere"], 1, f"{Path.home()}/nowhere: not found"),
        ([*SMOKE, "ckpt=it's 2024"], 1, "ckpt=it's 2024: no checkpoint at"),
        ([*SMOKE, f"dataset.root={__file__}"], 1, "test_cli.py: a file, not a folder"),
        ([*SMOKE, f"paths.outputs={__file__}"], 1, "Not a directory"),
        (["dataset=muso"], 2, "name an experiment, or a dataset and a model"),
        ([*SMOKE, "trainer.accelerator=tpu"], 2, "pytorch_lightning.Trainer: "),
        ([*SMOKE, "+trainer.limit_test_batches=2"], 2, "limit_test_batches is set by the program"),
        ([*SMOKE, "trainer.fast_dev_run=true"], 2, "fast_dev_run is set by the program: set tr"),
        ([*SMOKE, "+trainer.use_distributed_sampler=true"], 2, "each process trains on its sh"),
        ([*SMOKE, "trainer.accumulate_grad_batches=0"], 2, "batches=0: a whole number of at least"),
        ([*SMOKE, "+callbacks.x={a: 1}"], 2, "{'a': 1}: no _target_; name the class"),
        ([*SMOKE, "+callbacks.x=1"], 2, "1: no _target_; name the class"),
        ([*SMOKE, "+trainer_max_epochs=3"], 2, "nothing reads this key; did you mean trainer.max"),
        ([*SMOKE, "trainer.max_time=soon"], 2, "trainer.max_time=soon: days:hours:minutes:seconds"),
        ([*SMOKE, "headline=foo"], 2, "headline: no metric 'foo' in this task; it has acc_"),
        ([*SMOKE, "headline=foo", "model.lr=1"], 2, "headline: no metric 'foo' in this task"),
        ([*SMOKE, "objective=acc_exact"], 2, "objective=acc_exact: a test metric, which no search"),
        ([*SMOKE, "trainer.max_epochs=two"], 2, "max_epochs=two: int or null is needed"),
        ([*SMOKE, "model=ease"], 2, "EASE needs n_users, n_items, and this data set offers"),
        ([*SMOKE, "model.lr=-1"], 2, "DistanceNet: lr=-1: float > 0 is needed"),
    ],
)
def test_a_mistake_ends_in_one_line_and_leaves_nothing(
    args: list[str], status: int, message: str, call: callable, tmp_path: Path
) -> None:
    code, out, err = call(*args)
    lines = [line for line in err.splitlines() if line.strip()]
    assert (code, out) == (status, "")
    assert message in lines[-1] and "Traceback" not in err
    left = [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]
    assert left == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.limit_train_batches=0.01", "trainer: You requested to check 0.01 of the"),
        ("trainer.val_check_interval=9999", "trainer: `val_check_interval` (9999) must be less"),
    ],
)
def test_what_lightning_refuses_once_it_trains_ends_in_one_line(
    override: str, message: str, call: callable
) -> None:
    status, _, err = call(*SMOKE, "logger=none", "callbacks.progress=null", override)
    assert status == 2
    assert err.splitlines()[-1].startswith(message) and "Traceback" not in err


def test_a_run_without_a_progress_bar(call: callable) -> None:
    args = [*SMOKE, "logger=none", "trainer.max_epochs=1", "trainer.enable_progress_bar=false"]
    status, out, err = call(*args)
    assert status == 0 and (Path(out.splitlines()[-1]) / "metrics.json").is_file()
    assert "Epoch" not in out + err


@pytest.mark.data
def test_a_claim_is_not_tested_by_changed_settings(call: callable, real_data: Path) -> None:
    root = f"dataset.root={real_data / 'muso-lastfm-chains'}"
    fixed = ["+experiment=dos_classifier", "scale=paper", "resamples=50", "logger=none", root]
    small = ["trainer.max_steps=1", "model.hidden_sizes=[8]", "callbacks.progress=null"]
    status, out, _ = call(*fixed, *small)
    claims = json.loads((Path(out.splitlines()[-1]) / "metrics.json").read_text())["claims"]
    assert status == 0
    assert {claim["verdict"] for claim in claims} == {"not comparable"}
    assert claims[0]["reason"] == "settings changed: model.hidden_sizes, trainer.max_steps"


def test_the_very_same_run_is_shown_again_where_no_rerun_is_wanted(
    call: callable, tmp_path: Path
) -> None:
    again = ["logger=none", "callbacks.progress=null", "rerun=false"]
    folders = [call(*SMOKE, *again)[1].splitlines()[-1] for _ in range(2)]
    assert folders[0] == folders[1]
    assert len(list((tmp_path / "outputs" / "dos_classifier").iterdir())) == 1
    path = Path(folders[0]) / "metrics.json"  # a version that still had an option, at its default
    record = json.loads(path.read_text()) | {"config": "another hash"}
    record["settings"]["trainer.use_distributed_sampler"] = True
    record["defaults"].append("trainer.use_distributed_sampler")
    path.write_text(json.dumps(record))
    assert call(*SMOKE, *again)[1].splitlines()[-1] == folders[0]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/data/x"),
            "/data/x: Permission denied",
        ),
        (
            OSError(errno.ENOSPC, "Detail: [errno 28] No space left on device"),  # as Arrow has it
            "No space left on device; free some, or set paths.outputs and paths.cache",
        ),
    ],
)
def test_a_place_that_refuses_ends_in_one_line(
    error: OSError, line: str, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muso_exp.run, "run", Mock(side_effect=error))
    status, _, err = call(*SMOKE, "logger=none")
    assert status == 1
    assert err.splitlines()[-1] == line and "Traceback" not in err


def test_a_file_where_a_command_wants_a_folder_ends_in_one_line(
    call: callable, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    status, _, err = call("world", "--users", "50", "--out", str(tmp_path / "file"))
    assert (status, err) == (1, f"muso_exp: {tmp_path / 'file' / 'muso'}: Not a directory\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["neighbours", "run", "a\x1b[31m"], r"argument 3: a\x1b[31m"),
        (["+experiment=wmf", "dataset.root=/a/\udcff"], r"argument 2: dataset.root=/a/\xff"),
        (["--\u202e"], r"argument 1: --\u202e"),
    ],
)
def test_an_argument_that_nothing_can_show_is_refused(
    args: list[str], said: str, call: callable, tmp_path: Path
) -> None:
    status, out, err = call(*args)
    assert (status, out) == (2, "")
    assert err == f"muso_exp: {said}: a control character, or no UTF-8; use another name\n"
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("args", [["taste", ""], ["report", ""], ["+experiment=wmf", ""], [""]])
def test_an_empty_argument_is_no_folder(args: list[str], call: callable) -> None:
    said = f"muso_exp: argument {len(args)} is empty; leave it out or give a value\n"
    assert call(*args) == (2, "", said)


@pytest.mark.parametrize("name", ["MUSO_OUTPUTS", "MUSO_CACHE"])
def test_a_folder_of_the_environment_that_nothing_can_show_is_refused(
    name: str, call: callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "a\x1bb")
    status, _, err = call(*SMOKE)
    assert status == 2 and err.startswith(f"muso_exp: {name}: a\\x1bb: a control character")


def test_a_working_folder_that_nothing_can_show_is_refused(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a\x1b").mkdir()
    monkeypatch.chdir(tmp_path / "a\x1b")
    status, _, err = call("--help")
    assert status == 2 and "the working folder" in err and "\x1b" not in err
