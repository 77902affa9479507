import numpy as np
from pytest import approx

from muso_exp.figures.spectra import heat_figure, scatter_figure, songs_figure


def test_each_row_of_a_heat_map_has_its_own_scale() -> None:
    values = np.array([[10.0, -20.0], [0.1, 0.05], [0.0, 0.0]])
    figure = heat_figure([("up", values)], ["a", "b", "c"], np.array([0.0, 100, 200]), "Hz")
    drawn = np.asarray(figure.axes[0].collections[0].get_array()).reshape(3, 2)
    assert drawn == approx(np.array([[0.5, -1.0], [1.0, 0.5], [0.0, 0.0]]))


def test_a_band_that_begins_at_0_has_a_place_on_a_logarithmic_axis() -> None:
    figure = heat_figure([("up", np.ones((1, 2)))], ["a"], np.array([0.0, 100, 200]), "Hz")
    assert figure.axes[0].get_xlim() == approx((50, 200))


def test_every_output_has_a_panel_with_its_diagonal() -> None:
    target = np.arange(10.0).reshape(5, 2)
    figure = scatter_figure(target, target + 1, ["energy", "valence"])
    assert [axes.get_title() for axes in figure.axes] == ["energy", "valence"]
    points, diagonal = figure.axes[1].lines
    assert np.asarray(points.get_ydata()).tolist() == [2, 4, 6, 8, 10]
    assert np.asarray(diagonal.get_xdata()).tolist() == [1, 9]


def test_a_song_has_its_spectrum_and_both_rows_of_features() -> None:
    values = np.ones((2, 3))
    figure = songs_figure(
        np.array([1.0, 2, 3]), values, values, 2 * values, ["a", "b", "c"], ["one", "x" * 60]
    )
    titles = [axes.get_title() for axes in figure.axes[::2]]
    assert titles == ["one", "x" * 47 + "…"]
    true, predicted, _ = figure.axes[1].lines
    assert np.asarray(true.get_ydata()).tolist() == [1, 1, 1]
    assert np.asarray(predicted.get_ydata()).tolist() == [2, 2, 2]
