import json
import os
from pathlib import Path

import pytest
from made_runs import make_run

from muso_exp.app.site import Site, allowed_folders
from muso_exp.errors import ConfigError


def test_runs_are_listed_newest_first_and_read_anew_when_they_change(tmp_path: Path) -> None:
    for age, name in ((200, "old"), (100, "new")):
        make_run(tmp_path / "e" / name, 0.5)
        path = tmp_path / "e" / name / "metrics.json"
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    site = Site(tmp_path)
    assert [run.name for run in site.runs()] == ["e/new", "e/old"]
    path = tmp_path / "e" / "old" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": 7}))
    assert site.runs()[0].record["seed"] == 7


def test_a_deleted_or_damaged_run_is_no_longer_listed(tmp_path: Path) -> None:
    for name in "ab":
        make_run(tmp_path / name, 0.5)
    site = Site(tmp_path)
    assert len(site.runs()) == 2
    (tmp_path / "a" / "metrics.json").unlink()
    (tmp_path / "b" / "metrics.json").write_text("{")
    assert site.runs() == []
    with pytest.raises(ConfigError, match="was it deleted"):
        site.run("a")


def test_only_files_below_allowed_folders_are_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "music", tmp_path / "private"
    inside.mkdir(), outside.mkdir()
    (inside / "a.csv").touch(), (outside / "b.csv").touch()
    (inside / "link.csv").symlink_to(outside / "b.csv")
    site = Site(tmp_path, allowed_folders([inside]))
    assert site.file("a.csv") == site.file(f" {inside}/a.csv ") == inside / "a.csv"
    for text in (f"{outside}/b.csv", "../private/b.csv", "link.csv", "gone.csv", "/etc/passwd"):
        with pytest.raises(ConfigError, match="not found below the folders"):
            site.file(text)
    for text in ("", " ", "a\0b"):
        with pytest.raises(ConfigError, match="type the path"):
            site.file(text)


def test_without_a_folder_no_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--allow FOLDER"):
        Site(tmp_path).file(str(tmp_path))
    with pytest.raises(ConfigError, match="no folder"):
        allowed_folders([tmp_path / "absent"])


def test_the_folds_of_a_sweep_are_one_choice(tmp_path: Path) -> None:
    for sweep, variants in {"cnn": ("fold_0", "fold_1"), "tags": ("mfcc", "svm")}.items():
        for number, variant in enumerate(variants):
            make_run(tmp_path / sweep / "monday" / str(number), 0.5, variant=variant)
    make_run(tmp_path / "cnn" / "alone", 0.5, variant="fold_0")
    site = Site(tmp_path)
    assert site.of_folds("d") == {"cnn/monday": "e, 2 folds, monday"}
    assert site.of_folds("other") == {}
    folds = [tmp_path / "cnn" / "monday" / number for number in "01"]
    assert sorted(site.runs_of("cnn/monday")) == folds
    assert site.runs_of("cnn/alone") == [tmp_path / "cnn" / "alone"]
    with pytest.raises(ConfigError, match="was it deleted"):
        site.runs_of("cnn/tuesday")
