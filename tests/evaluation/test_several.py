"""Several comparisons at once, by hand; and a comparison as a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import make_run

from muso_exp.errors import ConfigError
from muso_exp.evaluation.comparison import comparison_table
from muso_exp.evaluation.exports import escaped, write_table
from muso_exp.evaluation.finished import find_runs
from muso_exp.evaluation.several import holm, p_value


def test_p_is_twice_the_rarer_side() -> None:
    assert p_value(np.array([1.0] * 99)) == pytest.approx(2 * 1 / 100)
    assert p_value(np.array([1.0] * 90 + [-1.0] * 9)) == pytest.approx(2 * 10 / 100)
    assert p_value(np.array([-1.0] * 90 + [1.0] * 9)) == pytest.approx(2 * 10 / 100)
    assert p_value(np.zeros(99)) == 1.0
    assert p_value(np.array([1.0] * 99 + [np.nan])) == pytest.approx(2 * 1 / 100)
    assert np.isnan(p_value(np.array([np.nan])))


def test_p_of_no_difference_is_even() -> None:
    rng = np.random.default_rng(0)  # a mean of 30, resampled: p is below .05 in about 5 of 100
    found = []
    for _ in range(400):
        rows = rng.normal(size=30)
        found.append(p_value(rng.choice(rows, (400, 30)).mean(axis=1)))
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.1


def test_holm_by_hand() -> None:
    # 4 comparisons: .01 x 4, .02 x 3, .03 x 2, .04 x 1 -> no less than the one before
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([None, 0.5, float("nan"), 0.9]) == [None, 1.0, None, 1.0]
    assert holm([None]) == [None] and holm([]) == []


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    for place, (value, name) in enumerate([(0.5, "a_1"), (0.6, "b|<i>"), (0.9, "=c&$\\")]):
        make_run(tmp_path / str(place), value, variant=name)
    return comparison_table(find_runs([tmp_path]))


def test_each_difference_to_the_first_has_a_corrected_p(table: pd.DataFrame) -> None:
    least = 2 / 102  # of 101 resamples
    assert table["p"].isna().tolist() == [True, False, False]
    assert table["p_holm"].tolist()[1:] == pytest.approx([2 * least, 2 * least])


def test_a_comparison_is_written_as_csv_markdown_and_latex(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    for ending in ("csv", "md", "tex"):
        write_table(table, tmp_path / "new" / f"t.{ending}")
    assert pd.read_csv(tmp_path / "new" / "t.csv")["p_holm"].notna().sum() == 2
    text = (tmp_path / "new" / "t.md").read_text()
    assert text.startswith("| metric | run |") and r"b\|&lt;i>" in text.replace("\\>", ">")
    text = (tmp_path / "new" / "t.tex").read_text()
    assert r"\toprule" in text and r"=c\&\$\textbackslash{} & 0 & 0.9" in text
    assert text.count("\\\\\n") == 4 and r"a\_1" in text
    with pytest.raises(ConfigError, match=r"t\.xlsx: a table is written as \.csv, \.md, \.tex"):
        write_table(table, tmp_path / "t.xlsx")


def test_signs_of_latex_stand_as_they_are() -> None:
    assert escaped("50 % {a}_b^~#") == r"50 \% \{a\}\_b\textasciicircum{}\textasciitilde{}\#"
