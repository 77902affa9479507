"""Every page as a user works with it, in Chromium."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from app_browser import CHROMIUM, DRIVER, Browser, browser
from app_server import served
from made_runs import make_run
from trained_runs import finish

from muso_exp.app.frame import PAGES
from muso_exp.trained import find_trained, load_trained

pytestmark = pytest.mark.skipif(
    DRIVER is None or CHROMIUM is None, reason="no chromium and chromedriver here"
)
HOSTILE = "<img src=x onerror=window.hacked=1>{{ 7 * 7 }}${window.hacked=1}"
HISTORY = "file, folder or zip of a listening history"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    finish(folder, cache, "hybrid")
    finish(folder, cache, "friend_prediction", "variant=friend_fusion")
    finish(folder, cache, "spectra_features")
    finish(folder, cache, "song_clusters")
    without = "dataset.drop=[duration_ms,time_signature]"  # no spectrum says these
    finish(folder, cache, "playlist_membership", without)
    make_run(folder / HOSTILE, 0.5, variant=HOSTILE)
    path = folder / HOSTILE / "metrics.json"
    facts = {"experiment": HOSTILE, "data": {"name": "friends", "simulated": True}}
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | facts | {"data": record["data"] | facts["data"]}))
    os.utime(path, (0, 0))  # the oldest: no page takes it unasked
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, outputs: Path) -> Path:
    """A history of artists of the hybrid's run, and a file that is none."""
    folder = tmp_path_factory.mktemp("files")
    data, _ = load_trained(find_trained(str(outputs / "hybrid" / "run")))
    names = data.catalogue.items["artist"][:12].tolist()
    days = [f"{name},s,2024-01-{day + 1:02} 10:00" for day, name in enumerate(names)]
    (folder / "history.csv").write_text("\n".join(["artist,track,played_at", *days]))
    (folder / "none.csv").write_text("a,b\n1,2\n")
    people = load_trained(find_trained(str(outputs / "friend_prediction" / "run")))[0].people
    (folder / "own.csv").write_text("\n".join(["artist", *people.items[:8]]))
    time = np.arange(12 * 22_050) / 22_050
    soundfile.write(folder / "song.wav", 0.3 * np.sin(2 * np.pi * 440 * time), 22_050)
    return folder


@pytest.fixture(scope="module")
def seen(outputs: Path, files: Path) -> Iterator[tuple[Browser, str]]:
    with served(outputs, "--no-browser", f"--allow={files}") as (client, _), browser(9515) as page:
        yield page, str(client.base_url).rstrip("/")


@pytest.fixture
def page(seen: tuple[Browser, str]) -> Iterator[Browser]:
    """The browser; afterwards it has asked no other host, and no script has failed."""
    browser, base = seen
    browser.base = base
    browser.resize(1280)
    yield browser
    own = (f"{base}/", base.replace("http", "ws") + "/", "data:", "blob:")
    asked = browser.requests()
    assert asked and all(address.startswith(own) for address in asked)
    assert browser.errors() == []


@pytest.mark.parametrize("address", PAGES)
def test_no_page_is_wider_than_a_phone(page: Browser, address: str) -> None:
    page.resize(390)
    page.open(page.base + address)
    assert page.script("return window.innerWidth") == 390
    assert page.script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("address", PAGES)
def test_every_field_and_picture_has_a_name(page: Browser, address: str) -> None:
    page.open(page.base + address)
    asked = "input, textarea, button, svg[role=img], [role=slider]"
    nameless = page.script(
        f"return [...document.querySelectorAll('{asked}')]"
        ".filter(e => !e.getAttribute('aria-label') && !e.closest('label')"
        " && !e.innerText && !e.getAttribute('aria-hidden')).map(e => e.outerHTML.slice(0, 200))"
    )
    assert nameless == []
    assert page.script("return document.documentElement.lang") == "en-US"
    assert page.script("return document.querySelectorAll('h1').length") == 1


def test_the_first_tab_leads_to_the_content(page: Browser) -> None:
    page.open(page.base + "/")
    page.press("\ue004")
    assert page.script("return document.activeElement.innerText") == "to the content"
    page.press("\ue007")
    assert page.script("return location.hash") == "#main"


def test_hostile_names_are_shown_and_run_nothing(page: Browser) -> None:
    page.open(page.base + "/")
    page.script("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert HOSTILE in page.text()
    page.open(page.base + "/friends")
    page.click(page.field("run"))
    page.wait("return document.querySelectorAll('.q-item').length > 1")
    assert HOSTILE in page.text()
    page.script("[...document.querySelectorAll('.q-item')].at(-1).click()")
    page.button("show")
    page.wait("return document.querySelector('[role=alert]')")  # it has no checkpoint
    assert HOSTILE in page.script("return document.querySelector('[role=alert]').innerText")
    assert page.script("return window.hacked") is None


def test_runs_are_filtered_chosen_and_compared(page: Browser) -> None:
    page.open(page.base + "/")
    page.wait_text("6 of 6 runs")
    page.type(page.field("words in a run's line"), "fusion")
    page.wait_text("1 of 6 runs")
    page.click("input[type=checkbox]")
    page.wait_text("1 chosen to compare")
    page.type(page.field("words in a run's line"), "\ue003" * 6)
    page.wait_text("6 of 6 runs")
    page.script(
        "[...document.querySelectorAll('input[type=checkbox]')]"
        ".find(box => box.value === 'hybrid/run').click()"
    )
    page.wait_text("2 chosen to compare")
    page.button("compare")
    page.wait_text("not compared")  # most metrics of a recommender and of friends
    page.wait_text("At a glance")


def test_a_history_is_shown(page: Browser) -> None:
    page.open(page.base + "/taste")
    page.type(page.field(HISTORY), "history.csv\ue007")
    page.wait_text("Your artists")
    assert "12\nplays" in page.text()


def test_what_is_no_history_is_one_line(page: Browser) -> None:
    page.open(page.base + "/taste")
    page.type(page.field(HISTORY), "none.csv\ue007")
    page.wait("return document.querySelector('[role=alert]')")
    line = page.script("return document.querySelector('[role=alert]').innerText")
    assert "none.csv" in line and "\n" not in line and "Traceback" not in page.text()


def test_recommendations_move_with_the_sliders(page: Browser) -> None:
    page.open(page.base + "/for-you")
    page.type(page.field(f"{HISTORY}, or"), "history.csv\ue007")
    page.wait_text("because you play")
    page.wait_text("simulated data")
    page.wait_text("calibrated on other artists' items")
    before = page.script("return document.querySelector('.lists table').innerText")
    page.click("[role=slider]")
    for _ in range(10):
        page.press("\ue014")  # to the right: content alone
    page.wait("return document.querySelector('.lists table').innerText !== arguments[0]", before)


def test_friends_are_suggested_and_drawn(page: Browser) -> None:
    page.open(page.base + "/friends")
    page.button("show")
    page.wait_text("Around")
    page.wait("return document.querySelector('.graph canvas, .graph svg')")
    page.type(page.field("name of a user of the run, or"), "nobody at all\ue007")
    page.wait("return document.querySelector('[role=alert]')")
    assert "no user 'nobody at all' among" in page.text()


def test_two_users_stand_side_by_side(page: Browser) -> None:
    page.open(page.base + "/friends")
    page.type(page.field("name of a user of the run, or"), "1")
    page.type(page.field("beside (name of another user)"), "2\ue007")
    page.wait_text("1 and 2")
    page.wait_text("cosine of what they play")
    page.type(page.field("beside (name of another user)"), "\ue0031\ue007")
    page.wait_text("the same user twice")


def test_two_people_find_each_their_own_friends(page: Browser) -> None:
    windows = [page.call("GET", "/window"), page.call("POST", "/window/new", type="tab")["handle"]]
    for window, user in zip(windows, "12", strict=True):
        page.call("POST", "/window", handle=window)
        page.open(page.base + "/friends")
        page.type(page.field("name of a user of the run, or"), f"{user}\ue007")
    for window, user in zip(windows, "12", strict=True):
        page.call("POST", "/window", handle=window)
        page.wait_text(f"Friends for {user}")
    page.call("DELETE", "/window")
    page.call("POST", "/window", handle=windows[0])
    assert "Friends for 2" not in page.text()


def test_a_run_that_is_deleted_meanwhile_is_one_line(page: Browser, outputs: Path) -> None:
    page.open(page.base + "/friends")
    run = outputs / "friend_prediction"
    run.rename(outputs.parent / "deleted")
    try:
        page.button("show")
        page.wait("return document.querySelector('[role=alert]')")
    finally:
        (outputs.parent / "deleted").rename(run)
    line = page.script("return document.querySelector('[role=alert]').innerText")
    assert "was it deleted?" in line and "\n" not in line


def test_own_listening_finds_friends(page: Browser) -> None:
    page.open(page.base + "/friends")
    page.type(page.field("file of your own listening"), "own.csv\ue007")
    page.wait_text("Friends for you")
    page.wait("return document.querySelector('.graph canvas, .graph svg')")


def choose(page: Browser, label: str, text: str) -> None:
    """Choose the entry with a text in the list of a field."""
    page.click(page.field(label))
    entry = (
        "[...document.querySelectorAll('.q-item')].find(e => e.innerText.includes(arguments[0]))"
    )
    page.wait(f"return {entry}", text)
    page.script(f"{entry}.click()", text)
    page.wait("return !document.querySelector('.q-menu')")  # else the next list finds this one's


def test_a_sound_file_is_set_beside_a_playlist(page: Browser) -> None:
    page.open(page.base + "/fit")
    choose(page, "audio features of songs by the run", "spectra_features")
    page.type(page.field("file or folder"), "song.wav\ue007")
    page.wait_text("Estimated audio features", seconds=60)
    page.wait_text("danceability")


def test_a_sound_file_has_a_next_song_and_a_place_on_the_map(page: Browser) -> None:
    page.open(page.base + "/next")
    choose(page, "run", "song_clusters")
    choose(page, "audio features of songs by the run", "spectra_features")
    page.type(page.field("file or folder"), "song.wav\ue007")
    page.wait_text("Estimated audio features", seconds=60)
    assert "nearest" in page.text() and "cluster" in page.text()
    page.wait("return document.querySelector('.graph canvas, .graph svg')")
    assert "none: the file has them" not in page.script(
        "return document.querySelector('[role=alert]')?.innerText ?? ''"
    )


def test_two_people_at_once_see_each_their_own(page: Browser) -> None:
    page.open(page.base + "/for-you")
    first = page.call("GET", "/window")
    page.type(page.field("names, one a line (artist, or artist - title), or"), "nobody at all")
    page.button("show")
    other = page.call("POST", "/window/new", type="tab")["handle"]
    page.call("POST", "/window", handle=other)
    try:
        page.open(page.base + "/for-you")
        page.type(page.field(f"{HISTORY}, or"), "history.csv\ue007")
        page.wait_text("because you play")
        assert "nobody at all" not in page.text()
    finally:
        page.call("DELETE", "/window")
        page.call("POST", "/window", handle=first)
    page.wait_text("none of the 1 seeds is among")
    assert "because you play" not in page.text()


def test_further_options_are_checked_before_anything_starts(page: Browser) -> None:
    page.open(page.base + "/start")
    page.type(page.field("more options, as model.lr=0.01 resamples=200"), "plugins=[evil]")
    page.button("start")
    page.wait_text("plugins: only these are taken here")
    assert "running" not in page.text()


def test_an_experiment_is_started_watched_and_stopped(page: Browser) -> None:
    page.open(page.base + "/start")
    page.button("start")
    page.wait("return [...document.querySelectorAll('h2')].some(h => h.innerText === 'running')")
    page.open(page.base + "/start")  # another tab sees the same one
    page.wait("return [...document.querySelectorAll('h2')].some(h => h.innerText === 'running')")
    page.button("stop")
    page.wait_text("stopped (signal 15)")
