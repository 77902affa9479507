from pathlib import Path

import numpy as np
import pytest

from muso_exp.commands.neighbours import neighbours
from muso_exp.errors import ConfigError
from muso_exp.tasks.recommendation.neighbours import load_factors, nearest


@pytest.fixture
def run(tmp_path: Path) -> Path:
    np.savez(
        tmp_path / "factors.npz",
        item_ids=np.array(["7", "8", "9"]),
        item_names=np.array(["NA", "Nada Surf", "Nadia"]),
        item_factors=np.array([[1.0, 0.0], [2.0, 2.0], [0.0, -3.0]]),
    )
    return tmp_path


def test_neighbours_come_by_cosine_the_query_first() -> None:
    vectors = np.array([[1.0, 0.0], [2.0, 2.0], [0.0, -3.0]])
    found = nearest(vectors, 1, k=3)
    assert [item for item, _ in found] == [1, 0, 2]
    assert [score for _, score in found] == pytest.approx([1, 2**-0.5, -(2**-0.5)])


def test_an_item_without_factors_is_like_nothing_but_itself() -> None:
    assert nearest(np.array([[0.0, 0.0], [1.0, 0.0]]), 0, k=2) == [(0, 1.0), (1, 0.0)]


@pytest.mark.parametrize(("query", "item"), [("na", 0), ("8", 1), ("nadia", 2), ("surf", 1)])
def test_items_are_found_by_name_id_or_part_of_the_name(query: str, item: int, run: Path) -> None:
    assert load_factors(run).find(query) == item


@pytest.mark.parametrize(
    ("query", "message"), [("nad", "2 items have 'nad'"), ("abba", "no item is called 'abba'")]
)
def test_an_unclear_query_is_refused(query: str, message: str, run: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        load_factors(run).find(query)


def test_a_run_without_factors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"factors\.npz: not found"):
        load_factors(tmp_path)
    (tmp_path / "factors.npz").write_bytes(b"PK")
    with pytest.raises(ConfigError, match="no factors"):
        load_factors(tmp_path)


def test_the_command_prints_the_query_first(run: Path, capsys: pytest.CaptureFixture) -> None:
    neighbours(run, "nada surf", k=2)
    printed = capsys.readouterr().out
    assert printed.index("Nada Surf") < printed.index("1.000") < printed.index("0.707")
