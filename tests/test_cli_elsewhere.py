"""Scores made elsewhere are judged like a run; a registered run answers like `predict`."""

import base64
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from pytest import approx

QUICK = ["scale=smoke", "resamples=20", "trainer.max_epochs=1", "callbacks.progress=null"]


def record(out: str) -> tuple[Path, dict]:
    folder = Path(out.splitlines()[-1])
    return folder, json.loads((folder / "metrics.json").read_text())


def test_predictions_of_a_run_are_judged_as_the_run_was(call: callable, tmp_path: Path) -> None:
    status, out, err = call("+experiment=playlist_membership", *QUICK, "logger=none")
    run, then = record(out)
    table = pd.read_parquet(run / "predictions.parquet").sample(frac=1, random_state=0)
    table.to_parquet(tmp_path / "mine.parquet")
    status, out, err = call("evaluate", str(tmp_path / "mine.parquet"), "--like", str(run))
    assert status == 0, err
    folder, now = record(out)
    assert now["metrics"] == approx(then["metrics"])
    assert set(now["nulls"]) == set(then["nulls"])
    assert all(now["nulls"][name] == approx(then["nulls"][name]) for name in then["nulls"])
    assert now["test_units"] == then["test_units"] and now["variant"] == "mine"
    assert {row["verdict"] for row in now["claims"]} <= {"not comparable", "not testable"}
    assert folder.parent == run.parent and (folder / "report.html").is_file()
    status, out, err = call("compare", str(run), str(folder), "--rope", "0.01", "--permutation")
    assert status == 0, err
    (line,) = [line for line in out.splitlines() if "│ recall " in line and " mine " in line][-1:]
    assert [cell.strip() for cell in line.split("│")][4:7] == ["0", "1", "1"]  # the same answers
    table.iloc[1:].to_parquet(tmp_path / "less.parquet")
    status, _, err = call("evaluate", str(tmp_path / "less.parquet"), "--like", str(run))
    assert status == 2 and len(err.splitlines()) == 1 and "1 rows missing" in err
    table.drop(columns="probability").to_parquet(tmp_path / "bare.parquet")
    status, _, err = call("evaluate", str(tmp_path / "bare.parquet"), "--like", str(run))
    assert status == 2 and len(err.splitlines()) == 1 and "no column 'probability'" in err


def test_lists_made_elsewhere_are_judged_and_a_registered_run_is_served(
    call: callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = call("+experiment=wmf", *QUICK, "register=tastes")
    assert status == 0, err
    run, then = record(out)
    table = pd.read_parquet(run / "predictions.parquet")[["user", "top"]]
    table.to_parquet(tmp_path / "lists.parquet")
    status, out, err = call("evaluate", str(tmp_path / "lists.parquet"), "--like", str(run))
    assert status == 0, err
    _, now = record(out)
    short = [name for name in then["metrics"] if name.endswith("_at_10")]
    assert short
    for name in short:  # the lists are ten long
        assert now["metrics"][name] == approx(then["metrics"][name], abs=1e-6), name
    foreign = table.assign(top=[[10**6], *table["top"][1:]])
    foreign.to_parquet(tmp_path / "foreign.parquet")
    status, _, err = call("evaluate", str(tmp_path / "foreign.parquet"), "--like", str(run))
    assert status == 2 and len(err.splitlines()) == 1 and "no item 1000000 in these data" in err

    store = f"sqlite:///{tmp_path / 'outputs'}/mlflow.db"
    mlflow.set_tracking_uri(store)
    mlflow.set_registry_uri(store)
    served = mlflow.pyfunc.load_model("models:/tastes/1")
    place = Path(mlflow.artifacts.download_artifacts("models:/tastes/1"))
    assert not list(place.rglob("*.pkl"))
    request = json.loads((place / "serving_input_example.json").read_text())["dataframe_split"]
    ((name, content),) = request["data"]
    answer = served.predict(pd.DataFrame({"name": [name], "content": [base64.b64decode(content)]}))
    (tmp_path / name).write_bytes(base64.b64decode(content))
    status, _, err = call(
        "predict", str(run), str(tmp_path / name), "--out", str(tmp_path / "predicted.csv")
    )
    assert status == 0, err
    wanted = pd.read_csv(tmp_path / "predicted.csv", keep_default_na=False)
    assert list(answer.columns) == list(wanted.columns) and len(answer) == len(wanted) > 0
    for column in wanted:
        if wanted[column].dtype.kind == "f":
            assert answer[column].to_numpy(float) == approx(wanted[column].to_numpy())


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["register=a/b"], "register=a/b: a name without / and : is needed"),
        (["register=a", "logger=none"], "register=a: the registry is MLflow's; drop logger=none"),
    ],
)
def test_a_model_that_cannot_be_registered_is_refused(
    args: list[str], problem: str, call: callable
) -> None:
    status, _, err = call("+experiment=wmf", *QUICK, *args)
    assert status == 2 and problem in err.splitlines()[-1]
