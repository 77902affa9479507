"""A browser driven by its WebDriver: chromium and chromedriver of the system."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, the key of an element
_OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class Browser:
    """One session: W3C WebDriver commands, and Chromium's own for the size and the requests."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self.client, self.session = client, session

    def call(self, method: str, path: str, **body: Any) -> Any:
        content = {} if method == "GET" else {"json": body}
        answer = self.client.request(method, f"/session/{self.session}{path}", **content)
        value = answer.json()["value"]
        if answer.is_error:
            raise AssertionError(f"{path}: {value['message'][:400]}")
        return value

    def cdp(self, command: str, **params: Any) -> Any:
        return self.call("POST", "/goog/cdp/execute", cmd=command, params=params)

    def resize(self, width: int, height: int = 1000, dark: bool = False) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        self.call("POST", "/url", url=address)
        self.wait("return window.socket?.connected === true || !document.getElementById('app')")

    def script(self, text: str, *args: Any) -> Any:
        return self.call("POST", "/execute/sync", script=text, args=list(args))

    def wait(self, condition: str, *args: Any, seconds: float = 30) -> Any:
        """Wait until a script returns something true; return it."""
        end = time.monotonic() + seconds
        while not (value := self.script(condition, *args)):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition} on {self.text()[:600]}")
            time.sleep(0.1)
        return value

    def text(self) -> str:
        return self.script("return document.body.innerText")

    def wait_text(self, text: str, seconds: float = 30) -> None:
        self.wait("return document.body.innerText.includes(arguments[0])", text, seconds=seconds)

    def find(self, css: str) -> str:
        found = self.call("POST", "/element", using="css selector", value=css)
        return found[_ELEMENT]

    def click(self, css: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/click")

    def type(self, css: str, text: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/value", text=text)

    def field(self, label: str) -> str:
        """Return the selector of the field with a label."""
        return f'[aria-label="{label}"]'

    def button(self, text: str) -> None:
        """Click the button with a text."""
        found = self.script(
            "return [...document.querySelectorAll('button')]"
            ".find(b => b.innerText.toLowerCase() === arguments[0])",
            text,
        )
        self.call("POST", f"/element/{found[_ELEMENT]}/click")

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]

        self.call("POST", "/actions", actions=[{"type": "key", "id": "keys", "actions": keys}])

    def picture(self, path: Path) -> None:
        """Save the whole page as a PNG."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        entries = self.call("POST", "/se/log", type="performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [e["params"]["request"]["url"] for e in events if e["method"] == _REQUEST]
        return sent + [e["params"]["url"] for e in events if e["method"] == _SOCKET]

    def errors(self) -> list[str]:
        """Return what the console says since the last call: errors of scripts, refused loads."""
        entries = self.call("POST", "/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


_REQUEST, _SOCKET = "Network.requestWillBeSent", "Network.webSocketCreated"


@contextmanager
def browser(port: int) -> Iterator[Browser]:
    """Start a browser; `port` is the driver's."""
    command = [str(DRIVER), f"--port={port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                session = _begin(client)
                try:
                    yield Browser(client, session)
                finally:
                    client.delete(f"/session/{session}")
        finally:
            driver.terminate()


def _begin(client: httpx.Client) -> str:
    options = {"binary": CHROMIUM, "args": _OPTIONS}
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
    }
    for _ in range(100):
        try:
            if client.get("/status").json()["value"]["ready"]:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
    return answer["sessionId"]
