"""The pages of runs and the server itself, by plain HTTP."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from app_server import page, served
from made_runs import claim, make_run

from muso_exp.app.frame import PAGES
from muso_exp.app.server import HOST, free_port
from muso_exp.errors import ConfigError

HOSTILE = "<img src=x onerror=alert(1)>'\"`${1}{{2}}</script>\u202e"


def change(folder: Path, **facts: object) -> None:
    path = folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs").resolve()
    for name, value in (("one", 0.5), ("two", 0.6)):
        make_run(folder / "e" / name, value)
        (folder / "e" / name / "report.html").write_text(f"<p>report of {name}</p>")
    change(folder / "e" / "one", documents=[1], claims=[claim(reported=0.7)])
    make_run(folder / HOSTILE.replace("/", ""), 0.4, variant=HOSTILE)
    change(folder / HOSTILE.replace("/", ""), experiment=HOSTILE)
    return folder


@pytest.fixture(scope="module")
def client(outputs: Path) -> Iterator[httpx.Client]:
    with served(outputs) as (client, _):
        yield client


def test_runs_stand_under_their_document_with_what_was_measured(client: httpx.Client) -> None:
    text = page(client, "/")
    assert "1 MuSo: degree of separation" in text and "Beyond the documents" in text
    assert "measured 0.5 [0.400, 0.600], best null 0.2" in text
    assert "simulated" in text and "better than null" in text


def test_names_are_shown_as_text(client: httpx.Client) -> None:
    text = page(client, "/")
    assert "<img src=x" not in text and "\u202e" not in text
    assert "</script>'" not in text.replace(r"\u003c", "<")
    assert "${1}" not in re.sub(r"\\\$\{1\}|&#36;\{1\}", "", text)


def test_runs_are_compared_as_the_command_does(client: httpx.Client) -> None:
    text = page(client, "/compare?run=e/one&run=e/two")
    assert "At a glance" in text and "/report?run=e/two" in text
    assert re.search(r"0\.1(000)?\b", text)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("/compare", "choose two or more runs"),
        ("/compare?run=e/one", "choose two or more runs"),
        ("/compare?run=e/one&run=e/gone", "e/gone: no such finished run"),
        ("/compare?run=e/one&run=../../etc", "../../etc: no such finished run"),
    ],
)
def test_what_fails_is_one_line_on_the_page(client: httpx.Client, address: str, line: str) -> None:
    text = page(client, address)
    assert line in text and "Traceback" not in text


def test_a_report_opens_and_can_run_nothing(client: httpx.Client) -> None:
    answer = client.get("/report", params={"run": "e/one"})
    assert answer.text == "<p>report of one</p>"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy


@pytest.mark.parametrize("run", ["e/gone", "../..", "/etc", "e", ""])
def test_only_reports_of_listed_runs_are_read(client: httpx.Client, run: str) -> None:
    answer = client.get("/report", params={"run": run})
    assert answer.status_code == 404 and "no such finished run" in answer.text


def test_the_table_of_a_sweep_opens_and_its_links_hold(client: httpx.Client, outputs: Path) -> None:
    make_run(outputs / "s" / "sweep" / "0", 0.5)
    (outputs / "s" / "sweep" / "0" / "report.html").write_text("of row 0")
    (outputs / "s" / "sweep" / "table.html").write_text('<a href="0/report.html">0</a>')
    answer = client.get("/table", params={"run": "s/sweep/0"}, follow_redirects=True)
    assert answer.text == '<a href="0/report.html">0</a>'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert client.get(answer.url.join("0/report.html")).text == "of row 0"


@pytest.mark.parametrize("path", ["e/one/metrics.json", "table.html", "../table.html", "e", ""])
def test_no_other_file_of_a_run_is_sent(client: httpx.Client, path: str) -> None:
    assert client.get(f"/runs/{path}").status_code == 404


def test_a_run_deleted_while_open_is_one_line(client: httpx.Client, outputs: Path) -> None:
    make_run(outputs / "e" / "brief", 0.5)
    assert "brief" in page(client, "/")
    for path in (outputs / "e" / "brief").iterdir():
        path.unlink()
    assert "e/brief: no such finished run" in page(client, "/compare?run=e/brief&run=e/one")
    assert "brief" not in page(client, "/")


def test_a_report_that_links_out_of_the_folder_is_refused(
    client: httpx.Client, outputs: Path
) -> None:
    make_run(outputs / "e" / "linked", 0.5)
    (outputs / "e" / "linked" / "report.html").symlink_to("/etc/hostname")
    answer = client.get("/report", params={"run": "e/linked"})
    assert answer.status_code == 404 and "a link out of the folder" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_requests_of_other_sites_are_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    socket_of_pages = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    for address in ("/", "/report?run=e/one", socket_of_pages):
        assert client.get(address, headers=headers).status_code == 403


def test_a_socket_of_another_origin_is_refused(client: httpx.Client) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    address = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    statuses = {}
    for origin in ("http://evil.test", str(client.base_url).rstrip("/")):
        with client.stream("GET", address, headers=upgrade | {"Origin": origin}) as answer:
            statuses[origin] = answer.status_code
    assert list(statuses.values()) == [403, 101]


def test_a_page_names_no_other_host(client: httpx.Client) -> None:
    hosts = set(re.findall(r"https?://[^\"'\\\s/>)]+", page(client, "/")))
    assert hosts <= {str(client.base_url).rstrip("/")}


def test_without_runs_every_page_says_what_to_type(tmp_path: Path) -> None:
    with served(tmp_path / "absent") as (client, _):
        for address in set(PAGES) - {"/taste", "/start"}:  # these need no run
            assert "python -m muso_exp +experiment=" in page(client, address), address
        assert "start with" in page(client, "/taste") and "--allow FOLDER" in page(client, "/start")


@pytest.mark.parametrize("address", PAGES)
def test_every_page_opens_with_runs_of_another_kind(client: httpx.Client, address: str) -> None:
    text = page(client, address)
    assert f'aria-current=\\"page\\"&gt;{PAGES[address]}' in text and "Traceback" not in text


def test_a_port_in_use_is_said_and_the_next_one_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = {"BROWSER": "/nonexistent-browser", "DISPLAY": ""}
        with served(tmp_path, f"--port={port}", env=env) as (client, lines):
            assert lines[0] == f"muso_exp: port {port} is in use; {client.base_url.port} is taken"
            page(client, "/")


def test_no_free_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}: this and all others up to {port}"):
            free_port(port, tried=1)
