"""Real browsers play the day's file, seek in it, and see it grow. Each skips where it is not there.

The page does it all by itself and posts what it saw; the number of each picture is read from its
pixels, so it is known WHICH picture the browser shows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.storage.day.mp4_file import open_day_file
from tests.support.clock import SetClock
from tests.support.coded import coded_event
from tests.support.coded import shown as in_order
from tests.support.recordings import STARTED, event, name_of
from tests.support.sounding import sounding_event
from tests.support.waiting import PATIENCE, wait_until

#: Encoded, and as a camera coded them with pictures out of order.
EVENTS = {
    "encoded": tuple(event(name_of(n * 20), n * 20) for n in (0, 1)),
    "h264": tuple(coded_event(name_of(n * 20), n * 20, b_frames=3) for n in (0, 1)),
    "aac": tuple(sounding_event(n * 20, "aac") for n in (0, 1)),
    "g711": tuple(sounding_event(n * 20, "pcm_mulaw") for n in (0, 1)),
}
_PAGE = """<!doctype html><video id=v muted playsinline></video><canvas id=c></canvas><script>
const v = document.getElementById('v'), c = document.getElementById('c');
const on = (n, ms) => new Promise(r => { const t = setTimeout(() => r('no ' + n), ms);
  v.addEventListener(n, () => { clearTimeout(t); r(n) }, {once: true}) });
function number() {
  c.width = v.videoWidth; c.height = v.videoHeight;
  const x = c.getContext('2d', {willReadFrequently: true}); x.drawImage(v, 0, 0);
  let n = 0;
  for (let i = 0; i < 12; i++)
    n += (x.getImageData(i * 12 + 6, c.height - 6, 1, 1).data[0] > 128) << i;
  return n;
}
async function load(u) { const p = Promise.race([on('loadeddata', 60000), on('error', 60000)]);
  v.src = u; return {event: await p, duration: v.duration, error: v.error && v.error.message} }
async function seek(t, wanted) {
  const p = on('seeked', 60000), until = Date.now() + 60000; v.currentTime = t; const e = await p;
  while (wanted !== undefined && number() !== wanted && Date.now() < until)
    await new Promise(r => setTimeout(r, 20));
  return {event: e, number: number()} }
async function main() {
  const said = {};
  said.first = await load('/day.mp4?1');
  said.seeks = []; for (const it of TIMES) said.seeks.push(await seek(...it));
  await seek(0); v.playbackRate = 4;
  const ended = Promise.race([on('ended', 60000), on('error', 60000)]);
  await v.play(); await fetch('/grow'); said.played = await ended;
  said.heard = v.webkitAudioDecodedByteCount ?? (v.mozHasAudio ? 1 : 0);
  said.second = await load('/day.mp4?2');
  said.later = []; for (const it of LATER) said.later.push(await seek(...it));
  await fetch('/said', {method: 'POST', body: JSON.stringify(said)});
}
main().catch(e => fetch('/said', {method: 'POST', body: JSON.stringify({failed: String(e)})}));
</script>"""


def middles(*events: Any) -> list[tuple[float, int]]:  # noqa: ANN401
    """Seconds in the middle of some pictures, and their numbers."""
    shown = in_order(*events)
    ends = [*(at for at, _ in shown[1:]), shown[-1][0] + 20]
    return [((shown[i][0] + ends[i]) / 2000, shown[i][1]) for i in (17, 3, 9, len(shown) - 2)]


class Site(ThreadingHTTPServer):
    """Serves the page and the file, with ranges; appends an event on demand."""

    daemon_threads = True

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path = folder / "day.mp4"
        self._folder = os.open(folder, os.O_RDONLY)
        self.said: dict[str, Any] = {}
        self.day = open_day_file(self._folder, "day.mp4", SetClock(STARTED))
        self.first, self.second = EVENTS[kind]
        self.append(self.first)

    def append(self, fragments: Any) -> None:  # noqa: ANN401
        for fragment in fragments:
            self.day.append(fragment)
        self.day.show_all()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.day.close()
        os.close(self._folder)


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if self.path.startswith("/day.mp4"):
            self._file()
        elif self.path == "/grow":
            self.server.append(self.server.second)
            self._send(b"", "text/plain")
        else:
            times = json.dumps(middles(self.server.first))
            later = json.dumps(middles(self.server.first, self.server.second))
            page = _PAGE.replace("TIMES", times).replace("LATER", later)
            self._send(page.encode(), "text/html")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.said = json.loads(self.rfile.read(length))
        self._send(b"", "text/plain")

    def _file(self) -> None:
        data = self.server.path.read_bytes()
        first, _, last = (
            (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")
        )
        end = min(int(last) + 1 if last else len(data), len(data))
        piece = data[int(first) : end]
        self._send(piece, "video/mp4", f"bytes {first}-{end - 1}/{len(data)}")

    def _send(self, data: bytes, kind: str, span: str | None = None) -> None:
        self.send_response(206 if span else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        if span:
            self.send_header("Content-Range", span)
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # the player has seen enough of it

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(params=list(EVENTS))
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(tmp_path, request.param)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    yield site
    site.stop()
    thread.join(PATIENCE)


def command(browser: str, url: str, profile: Path) -> list[str]:
    if browser.startswith("firefox"):
        profile.mkdir()
        (profile / "user.js").write_text('user_pref("media.autoplay.default", 0);\n')
        return [browser, "--headless", "--no-remote", "--profile", str(profile), url]
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run"]
    policy = "--autoplay-policy=no-user-gesture-required"
    return [browser, *flags, policy, f"--user-data-dir={profile}", url]


@pytest.mark.parametrize("browser", ["chromium", "firefox-esr"])
def test_a_browser_plays_seeks_and_sees_the_file_grow(
    browser: str, site: Site, tmp_path: Path
) -> None:
    if shutil.which(browser) is None:
        pytest.skip(f"{browser} is not installed")
    url = f"http://127.0.0.1:{site.server_address[1]}/"
    environment = {**os.environ, "HOME": str(tmp_path), "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
    process = subprocess.Popen(
        command(browser, url, tmp_path / "profile"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        said = wait_until("the page has said what it saw", lambda: site.said, 3 * PATIENCE)
    finally:
        os.killpg(process.pid, 9)
        process.wait(PATIENCE)
    assert said.get("failed") is None, said
    assert said["first"]["event"] == "loadeddata", said
    length = in_order(site.first)[-1][0] / 1000
    assert 0 < said["first"]["duration"] - length < 1.1
    assert [seek["number"] for seek in said["seeks"]] == [n for _, n in middles(site.first)]
    assert said["played"] == "ended"
    assert (said["heard"] > 0) == any(it.sound for it in site.first)
    longer = in_order(site.first, site.second)[-1][0] / 1000
    assert 0 < said["second"]["duration"] - longer < 1.1
    assert [seek["number"] for seek in said["later"]] == [
        n for _, n in middles(site.first, site.second)
    ]
