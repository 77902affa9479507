"""Latent factors that a run left, read and searched by name."""

from pathlib import Path

import numpy as np
import pytest
from factors_of_a_run import write_factors

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.formats.factors import load_factors, load_true_factors


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_factors(tmp_path)


@pytest.mark.parametrize(("query", "item"), [("na", 0), ("8", 1), ("nadia", 2), ("Nada  SURF", 1)])
def test_items_are_found_by_name_or_id(query: str, item: int, run: Path) -> None:
    assert load_factors(run).find(query) == item


@pytest.mark.parametrize(
    ("query", "item"),
    [
        *(("Bj\u00f6rk", 1), ("Bjo\u0308rk", 1), ("Bjork", 1), ("BJORK", 1), ("brant bjork", 0)),
        *(("Beyonce", 2), ("Beyonce\u0301", 2), ("Simon and Garfunkel", 3), ("knife", 4)),
    ],
)
def test_a_name_is_found_however_it_is_written(query: str, item: int, tmp_path: Path) -> None:
    names = ["Brant Bjork", "Bj\u00f6rk", "Beyonc\u00e9", "Simon & Garfunkel", "The Knife"]
    assert load_factors(write_factors(tmp_path, names, np.eye(5))).find(query) == item


@pytest.mark.parametrize(
    ("query", "message"),
    [("nad", "no item is called 'nad', .* nearest names are: .*Nada Surf; Nadia"), ("xyz", "id$")],
)
def test_a_part_of_a_name_is_not_taken_for_the_name(query: str, message: str, run: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        load_factors(run).find(query)


def test_a_run_without_factors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"factors\.npz: not found"):
        load_factors(tmp_path)
    (tmp_path / "factors.npz").write_bytes(b"PK")
    with pytest.raises(DataFormatError, match="no zip archive"):
        load_factors(tmp_path)


IDS, VECTORS = np.array(["a", "b"]), np.ones((2, 3))


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"item_names": IDS, "item_factors": VECTORS}, "no factors: .*item_ids"),
        ({"item_ids": IDS, "item_names": IDS, "item_factors": VECTORS[0]}, "a row per item, are"),
        ({"item_ids": VECTORS, "item_names": IDS, "item_factors": VECTORS}, "a text per item"),
        ({"item_ids": IDS, "item_names": IDS, "item_factors": VECTORS[:1]}, "different lengths"),
        (
            {"item_ids": IDS, "item_names": IDS, "item_factors": VECTORS * np.nan},
            "a factor that is no number",
        ),
        (
            {"item_ids": np.array(["a", None]), "item_names": IDS, "item_factors": VECTORS},
            "no factors: Object arrays cannot be loaded",
        ),
    ],
)
def test_arrays_of_another_form_are_refused(arrays: dict, match: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "factors.npz", **arrays)
    with pytest.raises(DataFormatError, match=match):
        load_factors(tmp_path)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_torn_factors_are_refused(keep: float, tmp_path: Path) -> None:
    np.savez(tmp_path / "factors.npz", item_ids=IDS, item_names=IDS, item_factors=VECTORS)
    raw = (tmp_path / "factors.npz").read_bytes()
    (tmp_path / "factors.npz").write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(DataFormatError, match=r"factors\.npz: damaged zip archive: it is cut off"):
        load_factors(tmp_path)


def test_the_factors_of_listening_stand_beside_those_heard(tmp_path: Path) -> None:
    true = VECTORS * 2
    arrays = {"item_ids": IDS, "item_names": IDS, "item_factors": VECTORS}
    np.savez(tmp_path / "factors.npz", **arrays, true_factors=true)
    heard = load_factors(tmp_path)
    assert (load_true_factors(tmp_path, heard) == true).all()
    np.savez(tmp_path / "factors.npz", **arrays, true_factors=true[:1])
    with pytest.raises(DataFormatError, match="true_factors: a row of numbers per clip"):
        load_true_factors(tmp_path, heard)
    np.savez(tmp_path / "factors.npz", **arrays)
    with pytest.raises(ConfigError, match="factors of a run on plays"):
        load_true_factors(tmp_path, heard)
