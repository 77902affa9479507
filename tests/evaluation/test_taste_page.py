"""The page of one person's taste: what it shows of what, and that it opens anywhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from muso_exp.errors import ConfigError
from muso_exp.evaluation.taste_files import PAGE, check_folder, write_taste
from muso_exp.evaluation.taste_page import taste_page
from muso_exp.formats.listening.histories import read_history
from muso_exp.tasks.taste.taste import Taste, taste

HOSTILE = '<script>alert(1)</script>"&$x$\u202e'


def made(folder: Path, text: str) -> Taste:
    (folder / "x.csv").write_text(text, encoding="utf-8")
    return taste(read_history(folder / "x.csv", "Europe/Vienna", one_person=True))


def log(n: int, artist: str = "Band") -> str:
    rows = [f'"{artist} {k % 3}",Song {k % 5},{1_500_000_000 + 40_000 * k}' for k in range(n)]
    return "\n".join(["artist,track,uts", *rows, ""])


class Reader(HTMLParser):
    """Collects headings, cells and whatever a page fetches or runs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        names = ("src", "href", "xlink:href", "srcset", "data", "action")
        self.fetched += [values[n] for n in names if n in values and values[n][:1] != "#"]
        self.fetched += [
            value for value in values.values() if "url(" in value and "url(#" not in value
        ]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "h2" and data.strip():
            self.headings.append(data)


def test_a_log_gets_pictures_and_tables_in_one_file(tmp_path: Path) -> None:
    page = taste_page(made(tmp_path, log(3000)))
    read = Reader(page)
    assert read.headings == [
        *("Over the years", "Month by month", "Hours of the week", "Your artists", "Your songs"),
        "What others would add",
    ]
    assert read.tags.count("svg") == 3 and "<b>3,000</b>plays" in page
    assert "Times are those of Europe/Vienna." in page
    assert "--download" in page and "--catalogue RUN" in page


def test_the_page_fetches_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page = taste_page(made(tmp_path, log(3000)))
    read = Reader(page)
    assert [address for address in read.fetched if not address.startswith("data:")] == []
    assert {"script", "link", "iframe", "img", "details"}.isdisjoint(read.tags)
    assert "@import" not in page and not re.search(r"url\((?!#|data:)", page)


def test_names_are_text_whatever_they_hold(tmp_path: Path) -> None:
    page = taste_page(made(tmp_path, log(50, HOSTILE.replace('"', '""'))))
    assert "<script" not in page and "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&amp;$x$\\u202e 0" in page


@pytest.mark.parametrize(
    ("text", "shown", "absent"),
    [
        ("artist,track,uts\nA,One,1500000000\n", "<b>1</b>plays", "Month by month"),
        ("artist,plays\nA,90\nB,2\n", "This history has no times", "Hours of the week"),
        ("artist,track\nA,One\nB,Two\n", "<b>2</b>listed tracks", "Hours of the week"),
        ("artist,track,uts\nA,One,1500000000\nA,One,0\n", "1 plays without a time", "hours</li>"),
    ],
)
def test_what_a_history_does_not_say_is_not_shown(
    text: str, shown: str, absent: str, tmp_path: Path
) -> None:
    page = taste_page(made(tmp_path, text))
    assert shown in page and absent not in page


def test_the_tables_hold_all_artists_and_songs(tmp_path: Path) -> None:
    page = write_taste(made(tmp_path, log(300, "=Band")), tmp_path / "out")
    assert page == tmp_path / "out" / PAGE
    assert sorted(path.name for path in page.parent.iterdir()) == [
        *("artists.csv", "songs.csv", "taste.html")
    ]
    artists = pd.read_csv(tmp_path / "out/artists.csv")
    assert artists["plays"].tolist() == [100, 100, 100]
    assert artists["artist"].str.startswith("'=Band").all()
    assert len(pd.read_csv(tmp_path / "out/songs.csv")) == 15


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--out .*file: cannot be written: "):
        write_taste(made(tmp_path, log(3)), tmp_path / "file")


def test_a_folder_with_files_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    own, folder = tmp_path / "songs.csv", tmp_path / "page"
    check_folder(tmp_path / "new", [own])
    check_folder(tmp_path, [own])
    own.write_text("artist,track\n")
    for given in (own, tmp_path):
        with pytest.raises(ConfigError, match=r"songs\.csv in it would be read and replaced"):
            check_folder(tmp_path, [given])
    with pytest.raises(ConfigError, match=r"songs\.csv in it is of no earlier page"):
        check_folder(tmp_path, [folder])
    folder.mkdir()
    (folder / PAGE).write_text("of the user's own")
    with pytest.raises(ConfigError, match=r"taste\.html in it is of no earlier page"):
        check_folder(folder, [own])
    write_taste(made(tmp_path, log(3)), folder)
    check_folder(folder, [own])
    with pytest.raises(ConfigError, match="would be read and replaced; give another folder"):
        check_folder(folder, [tmp_path])
