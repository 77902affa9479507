"""A finished run of a recommender, asked about seeds that somebody brings, as a user asks it."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from conftest import REPOSITORY
from hydra import compose, initialize_config_dir

from muso_exp.errors import CheckpointError
from muso_exp.run import run
from muso_exp.trained import find_trained, load_trained

RUNS = {
    "blend": ["+experiment=playlist_continuation", "variant=blend"],
    "net": ["+experiment=playlist_continuation", "variant=net_put_right"],
    "random": ["+experiment=playlist_continuation", "variant=random"],
    "wmf": ["+experiment=wmf"],
    "bpr": ["+experiment=wmf_baselines", "variant=bpr"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, Path]:
    """Small runs on the simulated world."""
    outputs = tmp_path_factory.mktemp("outputs")
    common = ["scale=smoke", "resamples=20", "logger=none", f"paths.cache={cache}"]
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        for name, overrides in RUNS.items():
            places = [f"paths.outputs={outputs}", f"paths.run={outputs / name}"]
            run(compose("config", [*overrides, *common, *places]))
    return {name: outputs / name for name in RUNS}


def catalogue(folder: Path) -> pd.DataFrame:
    data, _ = load_trained(find_trained(str(folder)))
    return data.catalogue.items


@pytest.mark.parametrize("name", ["blend", "net", "wmf"])
def test_seeds_get_a_ranked_table_without_themselves(
    name: str,
    finished: dict[str, Path],
    tmp_path: Path,
    call: callable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    items = catalogue(finished[name])
    seeds = items.iloc[[0, 5, 9]]
    listed = pd.DataFrame(
        {"artist": [*seeds["artist"], "Nobody"], "title": [*seeds["title"], "?!"]}
    )
    listed.to_csv(tmp_path / "mine.csv", index=False)
    out = tmp_path / "ranked.csv"
    status, shown, _ = call("predict", finished[name], tmp_path / "mine.csv", "--out", out)
    assert status == 0 and "mine.csv: first rows" in shown
    (told,) = [text for text in caplog.messages if text.startswith("in the catalogue")]
    assert "3 of 4 distinct items are known (75 %); unknown: Nobody - ?!" in told
    ranked = pd.read_csv(out, dtype={"id": str}, keep_default_na=False)
    assert list(ranked)[:5] == ["rank", "id", "artist", "title", "score"]
    assert list(ranked)[6:] == ["support"]
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1)) and len(ranked) > 10
    assert ranked["score"].is_monotonic_decreasing
    assert set(ranked["id"]) < set(items["id"]) - set(seeds["id"])


@pytest.mark.parametrize(
    ("name", "text", "status", "message"),
    [
        ("wmf", "Nobody\n", 1, "none of the 1 seeds is among the"),
        ("wmf", "{known}\n", 0, ""),
        ("random", "{known}\n", 2, "the model of this run puts no item above another"),
        ("bpr", "{known}\n", 2, "BPR has a place for the users of its training only"),
        ("blend", "", 1, "no seed in the file"),
    ],
)
def test_what_cannot_be_answered_is_reported_in_a_line(
    name: str,
    text: str,
    status: int,
    message: str,
    finished: dict[str, Path],
    tmp_path: Path,
    call: callable,
) -> None:
    known = catalogue(finished[name])["id"].iloc[3]
    (tmp_path / "mine.txt").write_text(text.format(known=known))
    code, _, said = call(
        "predict", finished[name], tmp_path / "mine.txt", "--out", tmp_path / "out.csv"
    )
    errors = [line for line in said.splitlines() if line.startswith("muso_exp: ")]
    assert code == status and message in said and "Traceback" not in said
    assert len(errors) == (status != 0)
    assert (tmp_path / "out.csv").exists() == (status == 0)


def test_a_run_of_an_older_version_is_refused(finished: dict[str, Path], tmp_path: Path) -> None:
    saved = torch.load(finished["wmf"] / "checkpoints" / "last.ckpt", weights_only=True)
    without_catalogue = {key: value for key, value in saved.items() if key != "Plays"}
    torch.save(without_catalogue, tmp_path / "old.ckpt")
    with pytest.raises(CheckpointError, match="Plays learned is damaged or of an older version"):
        load_trained(tmp_path / "old.ckpt")


def test_help_tells_what_seeds_look_like(call: callable) -> None:
    status, shown, _ = call("predict", "--help")
    assert status == 0 and "A run of a recommender continues a playlist" in " ".join(shown.split())
