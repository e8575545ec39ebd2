"""The page of a running agent in a real Chromium: looked at, aimed, tuned, reviewed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.agent_process import CAMERA, House, Process
from tests.support.broker import free_port
from tests.support.browser import Browser, browsing, program
from tests.support.waiting import wait_until

TOKEN = "correct-horse-battery"  # noqa: S105  of the test
#: Bytes of the first load, without pictures.
MOST_FIRST_LOAD = 150_000
#: What a page must not have, found by a few rules that every checker of accessibility has.
UNNAMED = """[...document.querySelectorAll('button, a, input, select, img, [role=button]')]
  .filter((it) => it.offsetParent !== null || it.tagName === 'circle')
  .filter((it) => !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.length
    || it.getAttribute('alt') !== null || it.title)).map((it) => it.outerHTML)"""
LOW_CONTRAST = """(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (it) => { for (; it; it = it.parentElement) {
    const c = rgb(getComputedStyle(it).backgroundColor); if (c.length < 4 || c[3] > 0.5) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll('main *')].filter((it) => it.offsetParent && !it.disabled
      && !it.closest('figure, svg, :disabled') && [...it.childNodes].some((n) => n.nodeType === 3
      && n.data.trim())).map((it) => { const a = light(rgb(getComputedStyle(it).color)),
      b = light(behind(it));
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), it.outerHTML]; })
    .filter(([ratio]) => ratio < 4.5); })()"""


@contextmanager
def looking(house: House, folder: Path, **camera: object) -> Iterator[tuple[Browser, Process, str]]:
    """A browser that has logged in at a running agent with the demo's scene."""
    if program() is None:
        pytest.skip("chromium is not installed")
    port = free_port()
    house.config["cameras"] = {CAMERA: {"source": "demo:", "name": "Yard", **camera}}
    house.config["page"] = {"port": port, "token": TOKEN}
    agent = house.agent()
    agent.wait_for_line("page: at http")
    agent.wait_for_line("yard: live")
    base = f"http://127.0.0.1:{port}/"
    with browsing(folder / "browser") as browser:
        browser.size(1280, 900)
        browser.open(base)
        browser.wait("document.querySelector('input[name=token]')")
        browser.run(f"document.querySelector('input[name=token]').value = {json.dumps(TOKEN)}")
        browser.click("button[type=submit]")
        browser.wait("document.querySelector('.camera .state')")
        yield browser, agent, base
        assert browser.problems == []
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def state(browser: Browser) -> dict[str, object]:
    found: dict[str, object] = browser.run("fetch('api/state').then((it) => it.json())")
    return found


def test_live_shows_the_camera_and_obeys(house: House, tmp_path: Path) -> None:
    with looking(house, tmp_path) as (browser, agent, _):
        browser.wait("document.querySelector('.state').dataset.state === 'live'")
        browser.wait("document.querySelector('.camera img').naturalWidth > 100")
        browser.click(".overlay")
        browser.wait("document.querySelector('.overlay').getAttribute('aria-pressed') === 'true'")
        browser.click(".arm")
        browser.wait("document.querySelector('.arm').getAttribute('aria-checked') === 'false'")
        agent.wait_for_line("armed = OFF")
        browser.run("document.querySelector('.camera').focus()")
        browser.key("a")
        browser.wait("document.querySelector('.arm').getAttribute('aria-checked') === 'true'")
        click = "HTMLAnchorElement.prototype.click"
        browser.run(f"{click} = function() {{ window.saved = this.download; }}")
        browser.click(".snapshot")
        browser.wait("(window.saved || '').endsWith('.jpg')")
        browser.click(".record")
        agent.wait_for_line("clip on demand|record")
        first = sum(size for url, size in browser.requests if "/api/" not in url)
        assert 10_000 < first < MOST_FIRST_LOAD


def test_a_day_is_reviewed(house: House, tmp_path: Path) -> None:
    with looking(house, tmp_path) as (browser, agent, base):
        agent.wait_for_line("stored as")
        browser.open(f"{base}day")
        browser.wait("document.querySelector('.event .play')")
        browser.wait("document.querySelector('.event img').naturalWidth > 100")
        assert "pixels" in browser.run(
            "document.querySelector('.event:has(.play) .what').textContent"
        )
        browser.click(".event .play")
        browser.wait("document.querySelector('video').readyState >= 2")
        browser.run("document.querySelector('video').currentTime = 2")
        browser.wait("document.querySelector('video').currentTime >= 2")
        browser.click(".player .film")
        browser.wait("document.querySelector('video').duration > 2")
        assert browser.run("document.querySelectorAll('.frames img').length") == 4
        browser.key("Escape")
        browser.wait("document.getElementById('player').hidden")
        browser.click(".event .keep")
        browser.wait("document.querySelector('.event .keep[aria-pressed=true]')")
        browser.click(".event .alarm")
        browser.wait("document.querySelector('.event.false')")
        browser.run("scrollTo(0, 0)")
        box = browser.run(
            "(() => { const b = document.querySelector('#timeline svg').getBoundingClientRect();"
            " return [b.left, b.top, b.width, b.height]; })()"
        )
        now = browser.run("(Date.now() - new Date().setUTCHours(0, 0, 0, 0)) / 86400000")
        other = 0.25 if now > 0.5 else 0.9
        browser.press(box[0] + box[2] * other, box[1] + 40)
        words = "still to come" if other > now else "not running"
        browser.wait(f"document.getElementById('why').textContent.includes({json.dumps(words)})")


def test_a_mask_is_drawn_and_in_force_until_it_is_taken_back(house: House, tmp_path: Path) -> None:
    with looking(house, tmp_path) as (browser, agent, base):
        agent.wait_for_line("stored as")
        browser.open(f"{base}aim")
        browser.wait("document.getElementById('picture').naturalWidth > 100")
        corners = [(0.02, 0.02), (0.3, 0.02), (0.3, 0.3), (0.02, 0.3)]
        browser.click("[data-tool=privacy]")
        for x, y in corners:
            browser.press(*on_stage(browser, x, y))
        browser.run("document.getElementById('drawing').focus()")
        browser.key("Enter")
        browser.wait("document.querySelectorAll('.shapes li small').length === 1")
        browser.click("[data-tool=hide]")
        browser.drag([on_stage(browser, 0.5 + n / 50, 0.6) for n in range(10)])
        browser.wait("document.querySelectorAll('.shapes li').length === 2")
        browser.wait("!document.getElementById('apply').disabled")
        browser.wait("document.getElementById('trial-day').value")
        browser.click("#trial")
        browser.wait("document.querySelector('#trial-out table')")
        browser.click("#apply")
        agent.wait_for_line("read again: changed yard")
        browser.wait("document.getElementById('origin').textContent.includes('Drawn here')")
        assert (house.folder / "state/aims.json").exists()
        assert "privacy" not in (house.folder / "config.yaml").read_text()
        assert "privacy" in browser.run("document.getElementById('yaml').textContent")
        wait_until("the corner is black", lambda: max(corner(browser)) < 20)
        browser.click("#revert")
        browser.wait("document.getElementById('origin').textContent.includes('configuration file')")
        wait_until("the corner is seen", lambda: max(corner(browser)) > 60)


def on_stage(browser: Browser, x: float, y: float) -> tuple[float, float]:
    """A place of the picture as a place of the window."""
    left, top, width, height = browser.run(
        "(() => { const it = document.getElementById('drawing');"
        " it.scrollIntoView({block: 'center'}); const b = it.getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; })()"
    )
    return left + x * width, top + y * height


def corner(browser: Browser) -> list[int]:
    """Colours in the middle of the polygon, of the next picture that the camera gives."""
    found: list[int] = browser.run(
        "fetch('api/cameras/yard/picture').then((it) => it.ok && it.status === 200 ? it.blob()"
        " : Promise.reject('none')).then(createImageBitmap).then((bitmap) => {"
        " const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);"
        " const brush = canvas.getContext('2d'); brush.drawImage(bitmap, 0, 0);"
        " return [...brush.getImageData(bitmap.width * 0.15, bitmap.height * 0.15, 1, 1)"
        ".data.slice(0, 3)]; }).catch(() => [40, 40, 40])"
    )
    return found


def test_a_number_is_tuned_and_given_back(house: House, tmp_path: Path) -> None:
    with looking(house, tmp_path) as (browser, agent, base):
        browser.open(f"{base}tune")
        browser.wait("document.querySelector('#scores .t-line')")
        browser.run(
            "(() => { const it = document.getElementById('set-min_changed'); it.value = '0.5';"
            " it.dispatchEvent(new Event('change')); })()"
        )
        agent.wait_for_line("min_changed = 0.5")
        browser.wait("!document.querySelector('[data-back=min_changed]').disabled")
        browser.click("[data-back=min_changed]")
        browser.wait("document.querySelector('[data-back=min_changed]').disabled")


def test_every_page_fits_names_everything_and_can_be_read(house: House, tmp_path: Path) -> None:
    pages, widths = ("", "day", "aim", "tune"), (390, 1280)
    with looking(house, tmp_path) as (browser, agent, base):
        agent.wait_for_line("stored as")
        for name, width, dark in itertools.product(pages, widths, (False, True)):
            browser.size(width, 844, dark=dark)
            browser.open(base + name)
            browser.wait(
                "document.querySelector('.event .play, .camera .word, .shapes li, .number')"
            )
            assert browser.run("document.documentElement.scrollWidth") <= width, name
            assert browser.run(UNNAMED) == [], name
            assert browser.run(LOW_CONTRAST) == [], name
            assert browser.run("document.querySelectorAll('h1').length") == 1
