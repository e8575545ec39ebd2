"""From the demo to one's own camera with a drawn mask, in a real Chromium, without an editor."""

from __future__ import annotations

import itertools
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml

from agent.imaging.jpeg import encode
from tests.support.agent_process import Process
from tests.support.axe import complaints
from tests.support.broker import Broker, free_port, write_passwords
from tests.support.browser import Browser, browsing, program
from tests.support.rtsp_camera_process import RtspCamera
from tests.support.web_camera import WebCamera

USER, PASSWORD = "viewer", "p@ss:w/rd"
MINE = "eight letters"
LOGIN = {"username": "pi", "password": "broker secret"}


@contextmanager
def demo(folder: Path) -> Iterator[tuple[Browser, Process]]:
    """The demo in a folder of its own, and a browser that has opened its link."""
    if program() is None:
        pytest.skip("chromium is not installed")
    home = folder / "home"
    home.mkdir()
    env = {
        "TZ": "UTC",
        "SURVEILLANCE_PAGE__PORT": str(free_port()),
        "SURVEILLANCE_AGENT__STATE_DIR": str(folder / "state"),
        "SURVEILLANCE_BEEP__ENABLED": "false",
    }
    with Process(folder / "agent.log", "demo", env=env, cwd=home) as agent:
        agent.wait_for_line("page: at http")
        link = re.search(r"http://\S+/login\?once=\S+", agent.log)
        assert link is not None
        with browsing(folder / "browser") as browser:
            browser.size(1280, 900)
            browser.open(link[0])
            browser.wait("document.querySelector('.offer a')")
            browser.click(".offer a")
            browser.wait("document.querySelector('[name=path]')?.value")
            yield browser, agent
        assert agent.stop() == 0
        assert "Traceback" not in agent.log


def verdict(browser: Browser, step: str) -> str:
    """What the page says beside a button, once it knows."""
    where = f"#said-{step}"
    browser.wait(f"document.querySelector('{where}:is(.good, .problem)')")
    said: str = browser.run(f"document.querySelector('{where}').textContent")
    return said


def log_in_as(browser: Browser) -> None:
    """The last step."""
    browser.write("[name=user]", "ann")
    browser.write("[name=password]", MINE)
    browser.write("[name=again]", MINE)


def try_brokers(browser: Browser, folder: Path, demos: str) -> Broker:
    """The demo's own at a port, none, then one that wants a password, with it; that broker."""
    passwords = folder / "passwords"
    browser.write("[name=broker_port]", demos)
    browser.click("#try-broker")
    assert "the broker of this demo" in verdict(browser, "broker")
    write_passwords(passwords, LOGIN)
    lines = ("allow_anonymous false", f"password_file {passwords}")
    browser.write("[name=broker_port]", str(free_port()))
    browser.click("#try-broker")
    assert "nobody listens there" in verdict(browser, "broker")
    broker = Broker(folder, lines)
    broker.start()
    browser.write("[name=broker_port]", str(broker.port))
    browser.click("#try-broker")
    assert "user" in verdict(browser, "broker")
    browser.write("[name=broker_user]", LOGIN["username"])
    browser.write("[name=broker_password]", LOGIN["password"])
    browser.click("#try-broker")
    assert "lets us in" in verdict(browser, "broker")
    return broker


def test_from_the_demo_to_an_own_camera_with_a_drawn_mask(tmp_path: Path) -> None:
    with RtspCamera(USER, PASSWORD) as camera, demo(tmp_path) as (browser, agent):
        browser.write("[name=name]", "Hintertür")
        browser.write("[name=host]", f"127.0.0.1:{camera.port}")
        browser.click("#guess")
        assert "wants user and password" in verdict(browser, "camera")
        browser.write("[name=camera_user]", USER)
        browser.write("[name=camera_password]", PASSWORD)
        browser.click("#guess")
        browser.wait("document.getElementById('picture').naturalWidth > 100")
        assert "640 x 480" in verdict(browser, "camera")
        assert browser.run("document.forms[0].source.value") == (
            f"rtsp://127.0.0.1:{camera.port}/main"
        )
        port = re.search(r"Broker: 127\.0\.0\.1:(\d+)", agent.log)
        assert port is not None
        broker = try_brokers(browser, tmp_path, port[1])
        store = tmp_path / "my store"
        browser.write("[name=path]", str(store))
        browser.click("#try-store")
        assert "no folder" in verdict(browser, "store")
        log_in_as(browser)
        browser.click("#write")
        assert "Nothing is written yet" in verdict(browser, "write")
        browser.click("#make-store:not([hidden])")
        assert "can be written" in verdict(browser, "store")
        for width, dark in itertools.product((390, 1280), (False, True)):
            browser.size(width, 900, dark=dark)
            assert browser.run("document.documentElement.scrollWidth") <= width
            assert complaints(browser) == []
        browser.click("#write")
        agent.wait_for_line("hintert_r: live")
        browser.wait("location.pathname === '/aim'")
        browser.wait("document.getElementById('picture').naturalWidth > 100")
        browser.click("[data-tool=hide]")
        browser.drag([browser.spot("#drawing", 0.3 + n / 50, 0.6) for n in range(10)])
        browser.wait("!document.getElementById('apply').disabled")
        browser.click("#apply")
        agent.wait_for_line("read again: changed hintert_r")
        browser.wait("document.getElementById('apply').disabled")  # else it asks before it goes
        file = tmp_path / "home/config.yaml"
        written = yaml.safe_load(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert written["cameras"]["hintert_r"]["source"].endswith(f"127.0.0.1:{camera.port}/main")
        assert written["page"]["password"].startswith("scrypt")
        for secret in (PASSWORD, MINE, LOGIN["password"]):
            assert secret not in agent.log
        assert (store / ".surveillance-store").exists()
        browser.open(browser.run("location.origin") + "/")
        assert browser.run("document.querySelector('nav a[href=setup]')") is None
        browser.problems[:] = [it for it in browser.problems if "ERR_CONNECTION" not in it]
        assert browser.problems == []
        broker.stop()


def grey(number: int) -> bytes:
    """A picture."""
    return encode(np.full((240, 320), 60 + number % 100, np.uint8))


def test_without_store_and_broker_and_a_camera_that_speaks_http(tmp_path: Path) -> None:
    with WebCamera(grey) as camera, demo(tmp_path) as (browser, agent):
        browser.size(390, 844)
        browser.write("[name=name]", "Yard")
        browser.write("[name=host]", f"127.0.0.1:{camera.port}")
        browser.click("#guess")
        browser.wait("document.getElementById('picture').naturalWidth > 30")
        browser.click("[name=use_broker]")
        browser.click("[name=use_store]")
        browser.write("[name=user]", "ann")
        browser.write("[name=password]", MINE)
        browser.write("[name=again]", MINE + "x")
        browser.click("#write")
        assert "not the same" in verdict(browser, "write")
        browser.write("[name=again]", MINE)
        browser.click("#write")
        agent.wait_for_line("yard: live")
        browser.wait("location.pathname === '/aim'")
