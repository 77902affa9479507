import pytest

from muso_exp.app.pictures import MARGIN, WIDTH, strip

ROW = {"measured": 0.5, "interval": [0.4, 0.6], "null_value": 0.2, "verdict": "better than null"}


def test_marks_stand_in_the_order_of_their_values() -> None:
    place = strip(ROW, 0.55)
    assert place["null"] == MARGIN and place["high"] == WIDTH - MARGIN
    assert place["measured"] == pytest.approx(MARGIN + (WIDTH - 2 * MARGIN) * (3 / 4), abs=0.1)
    assert place["low"] < place["measured"] < place["reported"] < place["high"]
    assert "measured 0.5 [0.400, 0.600], best null 0.2, reported 0.55" in place["text"]


def test_a_value_alone_stands_in_the_middle() -> None:
    row = ROW | {"interval": [0.5, 0.5], "null_value": None}
    place = strip(row, None)
    assert place["measured"] == place["low"] == WIDTH / 2
    assert place["null"] is None and place["reported"] is None


def test_no_number_at_all_is_no_mark() -> None:
    row = ROW | {"measured": None, "interval": [None, None], "null_value": None}
    assert strip(row, None)["measured"] is None
