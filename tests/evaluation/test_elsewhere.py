"""Predictions that were made elsewhere: whose rows they are, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from muso_exp.errors import ConfigError
from muso_exp.evaluation.elsewhere import in_test_order, read_scores

TEST = pd.DataFrame({"id": ["b", "a", "a"], "target": [1, 0, 0], "probability": [0.1, 0.2, 0.3]})
FILE = Path("scores.parquet")


def ordered(given: pd.DataFrame) -> pd.DataFrame:
    return in_test_order(FILE, given, TEST, ("id", "target"))


def test_rows_in_any_order_are_put_into_that_of_the_test() -> None:
    given = TEST.iloc[[1, 2, 0]].assign(probability=[0.5, 0.6, 0.7])
    assert ordered(given)["probability"].tolist() == [0.7, 0.5, 0.6]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (TEST.iloc[:2], r"1 rows missing, the first id=a, target=0; .*3 in all"),
        (TEST.assign(id=["b", "a", "z"]), "1 rows missing"),
        (pd.concat([TEST, TEST.iloc[:1]]), "1 rows not of this test, the first id=b, target=1"),
        (TEST.assign(probability=[0.1, np.nan, 0.2]), "row 1: probability is not finite"),
        (TEST.assign(probability=[[0.1], [np.inf], [0.2]]), "row 1: probability is not finite"),
        (TEST.drop(columns="id"), "no column 'id', which names the test rows"),
    ],
)
def test_rows_that_are_not_those_of_the_test_are_refused(given: pd.DataFrame, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        ordered(given)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_scores(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("id,probability\n")
    with pytest.raises(ConfigError, match="cannot be read as parquet"):
        read_scores(tmp_path / "text.parquet")
