"""Finished runs as they were trained."""

from pathlib import Path

import pandas as pd
import pytest

from muso_exp.errors import ConfigError, DataFormatError
from muso_exp.trained import as_file


def test_what_is_wrong_with_estimated_features_names_the_file_of_the_sound() -> None:
    songs = Path("music") / "my song.mp3"
    with (
        pytest.raises(ConfigError, match=r"^music/my song.mp3 \(as a table of .*no column energy"),
        as_file(pd.DataFrame({"tempo": [120.0]}), songs) as table,
    ):
        assert pd.read_csv(table)["tempo"].tolist() == [120.0]
        raise DataFormatError(table, "no column energy")
    assert not table.exists()
