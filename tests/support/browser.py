"""A real Chromium, driven through its DevTools protocol: no driver, no other library."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp

from tests.support.waiting import PATIENCE, wait_until

T = TypeVar("T")

#: The middle of an element, once it stands still and nothing lies over it.
_STEADY = """(async () => {
  const it = document.querySelector(SELECTOR);
  if (!it) return null;
  it.scrollIntoView({block: 'center'});
  const middle = () => {
    const b = it.getBoundingClientRect();
    return [b.left + b.width / 2, b.top + b.height / 2]; };
  const before = String(middle());
  await new Promise((done) => setTimeout(done, 40));
  const now = middle(), seen = document.elementFromPoint(...now);
  return String(now) === before && it.contains(seen) ? now : null; })()"""


class Browser:
    """One headless Chromium with one tab; `width` in CSS pixels."""

    def __init__(self, folder: Path, program: str) -> None:
        self.problems: list[str] = []
        self.requests: list[tuple[str, float]] = []  # URL and bytes over the wire
        self._urls: dict[str, str] = {}
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self._begin(folder, self._command(folder, program))

    def _command(self, folder: Path, program: str) -> list[str]:
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run"]
        words += ["--disable-dev-shm-usage", "--disable-extensions", "--mute-audio", "about:blank"]
        return [program, *words]

    def _begin(self, folder: Path, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        port = wait_until("the browser listens", lambda: self._port(folder))
        self._run(self._connect(port))

    def _port(self, folder: Path) -> int:
        told = folder / "DevToolsActivePort"
        lines = told.read_text().split() if told.exists() else []
        return int(lines[0]) if len(lines) == 2 else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._run(self._hang_up())
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Another window: how large, and which colours the person likes."""
        about = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **about)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, still])

    def open(self, url: str) -> None:
        """Goes there, and waits until it is loaded."""
        self.begin(url)
        self.wait("document.readyState === 'complete'")

    def begin(self, url: str) -> None:
        """Goes there, and waits until it is this page that is shown."""
        loader = self.call("Page.navigate", url=url).get("loaderId")
        if loader is not None:  # without one it is another place of the same document
            wait_until(f"{url} instead of the page before", lambda: self._loader() == loader)

    def _loader(self) -> object:
        """What tells the document that is shown from the one before."""
        return self.call("Page.getFrameTree")["frameTree"]["frame"]["loaderId"]

    def run(self, script: str) -> Any:  # noqa: ANN401  whatever the page says
        """The value of a JavaScript expression; promises are waited for."""
        # an element has no value of its own: that there is one is what is asked
        whole = f"Promise.resolve({script}).then((it) => it instanceof Node || it)"
        said = self.call(
            "Runtime.evaluate", expression=whole, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in said:
            raise AssertionError(said["exceptionDetails"]["exception"].get("description"))
        return said["result"].get("value")

    def wait(self, script: str) -> Any:  # noqa: ANN401
        """The expression's first true value."""

        def look() -> Any:  # noqa: ANN401
            with contextlib.suppress(AssertionError):  # between two pages
                return self.run(script)
            return None

        return wait_until(f"in the browser: {script}", look, every=0.05)

    def click(self, selector: str) -> None:
        """Clicks in the middle of an element, as a mouse does; again where the page asks for it."""

        def pressed() -> bool:
            self._click(selector)
            said = "document.getElementById('alerts')"
            with contextlib.suppress(AssertionError):  # the click led to another page
                return not self.run(
                    f"{said}?.textContent.includes('Click again')"
                    f" && ({said}.textContent = '', true)"
                )
            return True

        wait_until(f"{selector} lies still", pressed, every=0.2)

    def _click(self, selector: str) -> None:
        self.press(*self.wait(_STEADY.replace("SELECTOR", json.dumps(selector))))

    def write(self, selector: str, words: str) -> None:
        """Puts text into a field, as somebody who types or pastes."""
        self.click(selector)
        self.run(f"(document.querySelector({json.dumps(selector)}).select(), true)")
        self.insert(words)

    def insert(self, words: str) -> None:
        """Types text where the keyboard goes to."""
        self.call("Input.insertText", text=words)

    def spot(self, selector: str, x: float, y: float) -> tuple[float, float]:
        """A place within an element, in parts of it, as a place of the window."""
        left, top, width, height = self.run(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            " it.scrollIntoView({block: 'center'}); const b = it.getBoundingClientRect();"
            " return [b.left, b.top, b.width, b.height]; })()"
        )
        return left + x * width, top + y * height

    def press(self, x: float, y: float) -> None:
        """Presses and releases the mouse."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Moves the mouse with its button down."""
        for n, (x, y) in enumerate(points):
            kind = "mousePressed" if n == 0 else "mouseMoved"
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1)
        x, y = points[-1]
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left")

    def key(self, key: str) -> None:
        """Presses a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, text=key if len(key) == 1 else ""
            )

    def shot(self, path: Path) -> None:
        """A picture of what is seen."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
        """One command of the protocol."""
        return self._run(self._ask(method, parameters))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _connect(self, port: int) -> None:
        self._session = aiohttp.ClientSession()
        pages: list[dict[str, str]] = []
        while not pages:  # it listens before it has a tab
            async with self._session.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
        self._socket = await self._session.ws_connect(
            pages[0]["webSocketDebuggerUrl"], max_msg_size=1 << 28
        )
        self._reading = asyncio.create_task(self._read())
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self._ask(f"{domain}.enable", {})

    async def _hang_up(self) -> None:
        self._reading.cancel()
        await self._socket.close()
        await self._session.close()

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        answer = self._answers[self._count] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        said = await answer
        if "error" in said:
            raise AssertionError(f"{method}: {said.get('message') or said['error']}")
        result: dict[str, Any] = said["result"]
        return result

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if said.get("id") is not None:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._hear(said["method"], said["params"])

    def _hear(self, method: str, about: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = about["exceptionDetails"]
                self.problems.append(details.get("exception", {}).get("description", "?"))
            case "Log.entryAdded" if about["entry"]["level"] == "error":
                self.problems.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self._urls[about["requestId"]] = about["request"]["url"]
            case "Network.loadingFinished":
                url = self._urls.get(about["requestId"], "")
                self.requests.append((url, about["encodedDataLength"]))


def program() -> str | None:
    """Chromium, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A Chromium for the length of the block; the caller has looked whether there is one."""
    found = program()
    assert found is not None
    with Browser(folder, found) as browser:
        yield browser
