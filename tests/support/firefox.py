"""A real Firefox, driven through WebDriver BiDi, which it speaks itself."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.browser import Browser

_PREFERENCES = {
    "media.autoplay.default": 0,
    "ui.prefersReducedMotion": 1,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
}
#: Keys that have a name, as WebDriver writes them.
_KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "ArrowRight": "\ue014"}


class Firefox(Browser):
    """One headless Firefox with one tab."""

    def _command(self, folder: Path, program: str) -> list[str]:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "user.js").write_text("\n".join(lines))
        words = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(folder)]
        return [program, *words, "about:blank"]

    def _port(self, folder: Path) -> int:
        told = folder / "WebDriverBiDiServer.json"
        words = told.read_text() if told.exists() else ""  # it is there before it is written
        return int(json.loads(words)["ws_port"]) if words.endswith("}") else 0

    async def _connect(self, port: int) -> None:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(
            f"ws://127.0.0.1:{port}/session", max_msg_size=1 << 28
        )
        self._reading = self._loop.create_task(self._read())
        await self._ask("session.new", {"capabilities": {}})
        await self._ask("session.subscribe", {"events": ["log.entryAdded"]})
        tree = await self._ask("browsingContext.getTree", {})
        self._tab = tree["contexts"][0]["context"]

    def _hear(self, method: str, about: dict[str, Any]) -> None:
        if method == "log.entryAdded" and about.get("level") == "error":
            self.problems.append(str(about.get("text")))

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Another window; its colours are the light ones."""
        assert not dark
        viewport = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def open(self, url: str) -> None:
        """Goes there, and waits until it is loaded."""
        self.call("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def run(self, script: str) -> Any:  # noqa: ANN401
        """The value of a JavaScript expression; promises are waited for."""
        whole = f"Promise.resolve({script}).then((it) => JSON.stringify(it instanceof Node || it))"
        said = self.call(
            "script.evaluate",
            expression=whole,
            target={"context": self._tab},
            awaitPromise=True,
            userActivation=True,
        )
        if said["type"] != "success":
            raise AssertionError(said["exceptionDetails"]["text"])
        value = said["result"].get("value")
        return None if value is None else json.loads(value)

    def press(self, x: float, y: float) -> None:
        """Presses and releases the mouse."""
        self._mouse([(x, y)])

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Moves the mouse with its button down."""
        self._mouse(points)

    def _mouse(self, points: list[tuple[float, float]]) -> None:
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in points]
        first, *others = moves
        button = {"button": 0}
        actions = [
            first,
            {"type": "pointerDown", **button},
            *others,
            {"type": "pointerUp", **button},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def key(self, key: str) -> None:
        """Presses a key."""
        self.insert(_KEYS.get(key, key))

    def insert(self, words: str) -> None:
        """Types text where the keyboard goes to."""
        keys = [{"type": kind, "value": c} for c in words for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def shot(self, path: Path) -> None:
        """A picture of what is seen."""
        data = self.call("browsingContext.captureScreenshot", context=self._tab)["data"]
        path.write_bytes(base64.b64decode(data))

    def _act(self, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=self._tab, actions=[source])


def program() -> str | None:
    """Firefox, if it is installed."""
    return shutil.which("firefox-esr") or shutil.which("firefox")
