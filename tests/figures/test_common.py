"""Figures that hold names."""

from pathlib import Path

import numpy as np
import pytest

from muso_exp.figures import clusters as plots_clusters
from muso_exp.figures import common as plots
from muso_exp.figures import sound as plots_audio
from muso_exp.figures import spectra as plots_spectra
from muso_exp.figures.common import save
from muso_exp.figures.two_class import confusion_figure, distributions_figure

NAMES = ["$x", "$\\frac{$", "a$b$c", "\x1b[31m", "_^{"]
N = len(NAMES)
VALUES = np.linspace(0.1, 1.0, N)
SQUARE = VALUES[:, None] * VALUES
INTERVALS = np.stack([VALUES - 0.05, VALUES + 0.05], axis=1)
FIGURES = {
    "bars": lambda: plots.bars_figure(NAMES, VALUES, None, "$x"),
    "matrix": lambda: plots.matrix_figure(SQUARE, NAMES, "$x", "$\\frac{$"),
    "truth": lambda: plots.truth_figure(np.arange(1, 4), np.arange(1, 4), "$x"),
    "loss": lambda: plots.loss_figure({"$x": [(0, 1.0), (1, 0.5)]}),
    "curve": lambda: plots.curve_figure(VALUES, VALUES, INTERVALS, VALUES, "$\\frac{$", "$x"),
    "forest": lambda: plots.forest_figure(NAMES, VALUES, INTERVALS, "$\\frac{$", 0.5, "$x"),
    "distributions": lambda: distributions_figure(
        dict(zip(NAMES, SQUARE, strict=True)), np.arange(N) % 2, ("$x", "$\\frac{$")
    ),
    "confusion": lambda: confusion_figure(np.array([0, 1]), np.array([1, 1]), ("$x", "$\\frac{$")),
    "genres": lambda: plots_audio.confusion_figure(np.eye(N, dtype=int), NAMES),
    "groups": lambda: plots_audio.group_bars_figure(NAMES, {"$x": VALUES}, "$\\frac{$"),
    "maps": lambda: plots_clusters.maps_figure(SQUARE[:, :2], {"$x": (np.arange(N), NAMES)}),
    "profiles": lambda: plots_clusters.profiles_figure(SQUARE, NAMES, NAMES),
    "shares": lambda: plots_clusters.shares_figure(NAMES, {"$x": VALUES}, "$\\frac{$"),
    "heat": lambda: plots_spectra.heat_figure(
        [("$\\frac{$", SQUARE)], NAMES, np.array([0, 50, 100, 200, 500, 1000]), "$x"
    ),
    "scatter": lambda: plots_spectra.scatter_figure(SQUARE, SQUARE, NAMES),
    "songs": lambda: plots_spectra.songs_figure(VALUES, SQUARE, SQUARE, SQUARE, NAMES, NAMES),
}


@pytest.mark.filterwarnings("ignore:Glyph 27")  # of tick labels; no reader lets such names pass
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_a_name_in_a_figure_is_no_formula(figure: callable, tmp_path: Path) -> None:
    save(figure(), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_written_shows_control_characters(tmp_path: Path) -> None:
    figure = plots.matrix_figure(SQUARE, NAMES, "\x1b[31m", "x")
    save(figure, tmp_path / "figure.png")
    assert figure.axes[0].get_title() == r"\x1b[31m"


def test_a_small_matrix_shows_its_values() -> None:
    values = np.array([[0.0, 1.0], [np.nan, 2.0]])
    figure = plots.matrix_figure(values, ["a", "b"], "title", "steps")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "1", "", "2"]
