"""The task of two playlists: nulls, audit, report, and new tracks."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from pytest import approx
from tiny_tracks import dataset, ready, tracks, write_two

from muso_exp.metrics.resampling import Bootstrap
from muso_exp.models.shown_abilities import SelectionPath
from muso_exp.tasks.base import Answer
from muso_exp.tasks.playlist_owner.baselines import artist_columns
from muso_exp.tasks.playlist_owner.sections import selection_section


def test_the_artist_rule_scores_by_the_train_tracks_of_the_artist() -> None:
    train = np.array(["artist a", "artist a", "artist a", "artist b", "artist c", "artist c"])
    target = np.array([1, 1, 0, 0, 1, 0])  # half of the train tracks are positive
    test = np.array(["artist a", "artist b", "artist c", "artist d"])
    columns = artist_columns(train, target, test)
    assert columns["probability"].tolist() == approx([2.5 / 4, 0.5 / 2, 1.5 / 3, 1 / 2])
    assert columns["decision"].tolist() == [1.0, 0.0, 0.5, 0.5]


def test_the_audit_finds_what_a_scale_hides_and_where_the_threshold_comes_from(
    tmp_path: Path,
) -> None:
    folder = write_two(tmp_path)
    published = ready(folder, tmp_path, scaling="global", threshold="test_midrange")
    found = {finding.check: finding for finding in published.task.audit(None)}
    assert found["inputs_without_spread"].value == 11
    assert "duration_ms" not in found["inputs_without_spread"].text.partition(":")[2]
    assert found["share_of_widest_input"].value > 0.99
    assert found["threshold_from_test"].level == "warning"
    assert found["test_tracks_by_train_artists"].value == 1.0
    assert found["test_tracks_by_train_artists"].level == "warning"
    repaired = ready(folder, tmp_path, scaling="standard", threshold="half")
    found = {finding.check: finding for finding in repaired.task.audit(None)}
    assert found["inputs_without_spread"].value == found["threshold_from_test"].value == 0


def test_the_best_single_feature_is_the_one_that_differs(tmp_path: Path) -> None:
    nulls = ready(write_two(tmp_path), tmp_path).task.nulls()
    assert list(nulls) == ["majority", "prior", "single_loudness", "artist"]
    assert nulls["majority"]["decision"].tolist() == [1.0] * 16
    assert nulls["prior"]["decision"].tolist() == [0.5] * 16
    target = ready(tmp_path, tmp_path).task.target
    assert (nulls["single_loudness"]["decision"] == target).double().mean() > 0.9


def test_a_new_table_is_ranked_with_the_scaling_of_training(tmp_path: Path) -> None:
    trained = ready(write_two(tmp_path), tmp_path, features=["loudness", "tempo"])
    fresh = dataset(None, tmp_path, features=["loudness", "tempo"])
    fresh.load_state_dict(trained.state_dict())
    new = tmp_path / "new.csv"
    tracks(10, 500).to_csv(new, index=False)

    def predict(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"probability": batch["x"][:, 0], "decision": torch.ones(10)}

    table = fresh.read_new(new).apply(SimpleNamespace(columns=predict))
    loudness = tracks(10, 500).sort_values("loudness", ascending=False)
    assert table["id"].tolist() == loudness["id"].tolist()
    assert table["rank"].tolist() == list(range(1, 11))
    expected = trained.scaling.apply(loudness[["loudness", "tempo"]].to_numpy(float))[:, 0]
    assert table["probability"].to_numpy() == approx(expected)


def test_the_report_shows_every_feature_and_the_curves(tmp_path: Path) -> None:
    data = ready(write_two(tmp_path), tmp_path)
    columns = {"probability": torch.linspace(0, 1, 16), "decision": torch.ones(16)}
    answer = Answer(None, columns, Bootstrap(10))
    sections = list(data.task.sections(data.task.predictions(columns), answer))
    assert [section.name for section in sections] == [
        "features",
        "inputs",
        "ranking",
        "calibration",
        "confusion",
    ]
    assert len(sections[1].table) == 12
    assert len(sections[0].figure().axes) == 12


def test_a_backward_selection_is_shown_by_the_names_of_its_features() -> None:
    path = SelectionPath(torch.tensor([2, 0]), torch.tensor([0.6, 0.5, 0.7]), torch.ones(3), 4)
    section = selection_section(path, ["tempo", "key", "mode"])
    assert section.table["dropped"].tolist() == ["", "mode", "tempo"]
    assert section.table["features left"].tolist() == [3, 2, 1]
    assert section.table["standard error"].tolist() == [0.5] * 3
    assert "Kept, 2 of 3: tempo, key." in section.text
