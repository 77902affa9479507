"""What the tracker shows of a run, and how a run was made as its report has it."""

import json
from pathlib import Path

from made_runs import claim, make_run

from muso_exp.evaluation import tracked
from muso_exp.evaluation.how_run import how_run

MANIFEST = {
    "code": {"commit": "abc", "dirty": True, "diff": "d1ff", "lock": "10c4"},
    "versions": {"python": "3.11.9", "torch": "2.11.0"},
    "machine": {
        "system": "Linux x86_64",
        "processor": "A processor",
        "cores": 2,
        "memory_gib": 15.5,
        "accelerators": [],
    },
    "threads": {"torch": 2, "OMP_NUM_THREADS": "1"},
}


def record(folder: Path) -> dict:
    make_run(folder, 0.6)
    return json.loads((folder / "metrics.json").read_text())


def test_the_note_is_the_card_and_no_name_makes_markup(tmp_path: Path) -> None:
    made = record(tmp_path / "run")
    made["claims"] = [claim(reported=0.7, reason="<b>other</b> | data", verdict="not comparable")]
    made["audit"] = [{"check": "x", "value": 1, "text": "a [link](x)", "level": "warning"}]
    text = tracked.note(made, "/out/run")
    assert "| acc | 0.6 | \\[0.500, 0.700\\] | 0.2 guess | 0.7 | better than null |" in text
    assert "- acc: not comparable (&lt;b>other&lt;/b> \\| data)" in text
    assert "a \\[link\\](x)" in text and "Folder `/out/run`" in text
    made["audit"] *= 1000
    assert len(tracked.note(made, "/out/run")) < 8000


def test_runs_are_found_by_document_verdict_and_code(tmp_path: Path) -> None:
    made = record(tmp_path / "run")
    assert tracked.tags(made) == {
        "document": "none",
        "experiment": "e",
        "scale": "desk",
        "verdict": "better than null",
        "claims": "none",
    }
    made |= {"manifest": MANIFEST, "documents": [3, 5], "claims": [claim(verdict="reproduced")]}
    found = tracked.tags(made)
    assert (found["document"], found["claims"]) == ("3, 5", "1 reproduced")
    assert (found["commit"], found["dirty"]) == ("abc", "true")
    assert found["mlflow.source.git.commit"] == "abc"


def test_the_card_is_a_table_with_a_row_per_metric(tmp_path: Path) -> None:
    made = record(tmp_path / "run")
    card = tracked.card_table(made)
    assert {name: values[0] for name, values in card.items()} == {
        "metric": "acc",
        "measured": 0.6,
        "low": 0.5,
        "high": 0.7,
        "best_null": "guess",
        "null_value": 0.2,
        "difference": 0.39999999999999997,
        "verdict": "better than null",
    }
    assert tracked.audit_table(made)["text"] == ["no ties"]


def test_a_report_says_how_its_run_was_made(tmp_path: Path) -> None:
    made = record(tmp_path / "run")
    assert how_run(made) == []
    made |= {"manifest": MANIFEST, "seconds": {"fit": 2.0, "test": 0.5}, "peak_mib": {"fit": 900.2}}
    assert dict(how_run(made)) == {
        "commit": "abc, with changes (difference d1ff)",
        "requirements.lock": "10c4",
        "versions": "python 3.11.9, torch 2.11.0",
        "machine": "Linux x86_64, A processor, 2 cores, 15.5 GiB, accelerators: none",
        "threads": "torch 2, OMP_NUM_THREADS 1",
        "phase fit": "2.0 s, peak 900 MiB",
        "phase test": "0.5 s",
    }
