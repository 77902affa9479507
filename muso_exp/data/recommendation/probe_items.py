"""Which items a tag probe is trained and tested on: published lists, and tracks of another set."""

from pathlib import Path
from typing import Literal

from muso_exp.errors import DataFormatError, DatasetNotFoundError
from muso_exp.formats.sound.split_lists import read_split_list
from muso_exp.formats.text import read_text
from muso_exp.opening import is_file
from muso_exp.options import Options
from muso_exp.tasks.tagging.probe import ChosenItems


class ProbeItems(Options, frozen=True, kw_only=True):
    """Which items a tag probe is trained and tested on.

    Attributes:
        split_list: published split: see `muso_exp.formats.sound.split_lists.read_split_list`; the
            thesis takes Choi's of the Million Song Dataset. None: by the items' ids.
        within: file with an id a line, or triplets of the Taste Profile (user, song, plays); ids of
            items, or of tracks or songs of the Million Song Dataset. None: all items.
        where: the parts that are restricted to these: `test` and validation, as in the thesis, or
            `all`, for table 5.1.
    """

    split_list: str | None = None
    within: str | None = None
    where: Literal["test", "all"] = "test"

    def read(self) -> ChosenItems:
        """Return the lists.

        Raises:
            DatasetNotFoundError: no such file.
            DataFormatError: a file of another form.
        """
        parts = None if self.split_list is None else read_split_list(Path(self.split_list))
        within = None if self.within is None else _read_ids(Path(self.within))
        return ChosenItems(parts, within, self.where)


def _read_ids(path: Path) -> frozenset[str]:
    """Return the ids of a file: the only word of each line, or the second of three."""
    if not is_file(path):
        raise DatasetNotFoundError(path.parent, [path.name], "give the path of a list of ids")
    ids = set()
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if len(words) not in (0, 1, 3):
            need = "an id a line, or user, song and plays, is needed"
            raise DataFormatError(path, need, line=number, value=line)
        ids.update(words[1:2] if len(words) == 3 else words)
    return frozenset(ids)
