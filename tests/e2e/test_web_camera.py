"""The agent with an HTTP camera: no secret anywhere, and a reconnect that is no event."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.scene import jpeg_of
from tests.support.waiting import wait_until
from tests.support.web_camera import PASSWORD, USER, WebCamera

#: Two rooms of different light, and the dark one with somebody in it.
DARK, BRIGHT = jpeg_of(None, (480, 640)), jpeg_of(None, (480, 640), 190)


def told(ear: Ear) -> list[str]:
    """What the camera's health has said."""
    return [payload.decode() for payload in ear.payloads(YARD.health)]


def test_a_wrong_url_says_in_log_state_and_health_what_is_wrong_and_nothing_of_the_udp_family(
    house: House, ear: Ear
) -> None:
    with WebCamera(lambda _n: DARK) as camera:
        where = f"127.0.0.1:{camera.port}"
        house.config["cameras"]["yard"] = {
            "source": camera.url("/nothing", user="x:secr3t"),
            "record_source": camera.url().replace("http:", "rtsp:"),
        }
        agent = house.agent()
        path = f"{where}: has no such path (404 Not Found): check the URL's path"
        other = f"{where}: speaks no RTSP: is this its RTSP port"
        wait_until("both", lambda: path in agent.log and other in agent.log)
        wait_until(
            "health names both",
            lambda: any(
                path.encode() in p and other.encode() in p for p in ear.payloads(YARD.health)
            ),
        )
        shown = house.command("health").stdout
        assert f"yard_camera_refused: {path}" in shown
        assert f"yard_recording_stream_refused: {other}" in shown
        assert "fragments" not in shown
        assert "secr3t" not in shown + agent.log
        assert agent.stop() == 0


@pytest.mark.parametrize("secret", ["in the URL", "as a parameter", "in the path"])
def test_the_first_event_is_no_reconnect_and_the_password_is_nowhere(
    house: House, ear: Ear, secret: str
) -> None:
    later: list[bytes] = []  # what the sessions behind the first one show
    hidden = quote(PASSWORD, safe="")

    def shown_now(_number: int) -> bytes:
        return later[-1] if later and camera.requests > 1 else DARK

    with WebCamera(shown_now, fps=10, auth="digest") as camera:
        user = f"{USER}:{hidden}"
        source = camera.url(user=user)
        if secret == "as a parameter":  # noqa: S105  no password
            source = camera.url(f"/stream?user=x&password={hidden}", user=user)
        if secret == "in the path":  # noqa: S105  no password
            path = f"/stream/user=x_password={hidden}_channel=1"
            source = camera.url(path, user=user)
        limits = {"profile": "plain", "min_changed": 0.1, "max_changed": 100}
        house.config["cameras"]["yard"] = {
            "source": source,
            "analysis_fps": 10,
            "detection": limits,
        }
        agent = house.agent(SURVEILLANCE_LOG_LEVEL="DEBUG")
        agent.wait_for_line("yard: live")
        wait_until("frames", lambda: camera.sent > 20)
        later.append(BRIGHT)
        camera.cut()
        wait_until("a new session", lambda: agent.log.count("yard: live") >= 2)
        before = camera.sent
        wait_until("frames", lambda: camera.sent > before + 20)
        assert not ear.payloads(YARD.event_motion)
        later.append(DARK)  # without a new session the same change is motion
        wait_until("motion", lambda: ear.payloads(YARD.event_motion))
        shown = house.command("check-config").stdout + house.command("discovery").stdout
        assert "http://**hidden**@127.0.0.1" in shown
        assert agent.stop() == 0
    told = b"".join(heard.topic.encode() + heard.payload for heard in ear.heard)
    everything = told.decode("latin-1") + agent.log + shown
    assert "Traceback" not in agent.log
    for word in (PASSWORD, hidden, quote(PASSWORD)):
        assert word not in everything
