import numpy as np

from muso_exp.figures import two_class as curves

TARGET = np.array([1, 1, 1, 0, 0])
PROBABILITY = np.array([0.9, 0.8, 0.3, 0.4, 0.1])


def test_each_feature_has_its_panel_and_each_list_its_colour() -> None:
    columns = {name: np.arange(5.0) for name in ("energy", "tempo", "key", "mode", "loudness")}
    figure = curves.distributions_figure(columns, TARGET, ("mine", "yours"))
    assert [axes.get_title() for axes in figure.axes] == list(columns)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["mine", "yours"]


def test_the_roc_curve_goes_from_corner_to_corner() -> None:
    roc, _ = curves.ranking_figure(TARGET, PROBABILITY).axes
    points = roc.lines[0].get_xydata()
    assert points[0].tolist() == [0, 0] and points[-1].tolist() == [1, 1]
    area = np.trapezoid(points[:, 1], points[:, 0])
    assert abs(area - 5 / 6) < 1e-12


def test_calibration_shows_the_share_of_positives_in_each_bin() -> None:
    left, _ = curves.calibration_figure(TARGET, PROBABILITY, n_bins=2).axes
    assert np.allclose(left.lines[0].get_xydata(), [[0.8 / 3, 1 / 3], [0.85, 1]])


def test_the_confusion_matrix_counts_true_positives_first() -> None:
    figure = curves.confusion_figure(TARGET, PROBABILITY >= 0.35, ("mine", "y" * 40))
    assert [text.get_text() for text in figure.axes[0].texts] == ["2", "1", "1", "1"]
    assert figure.axes[0].get_xticklabels()[1].get_text() == "y" * 23 + "…"
