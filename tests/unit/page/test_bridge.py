"""The page's own answers, and those of others that look like them."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.messages import Parsed
from agent.page import server
from agent.page.bridge import Bridge, FromPage, without_sources
from agent.reoffer.connections import CLOSES_WITHIN
from agent.runtime.clock import SystemClock
from agent.service.app import SERVERS_WITHIN
from agent.service.startup import judged_now
from agent.verdicts.worker import VerdictBoxes
from schemas.camera_config import CameraConfig
from schemas.commands import Response, TakeSnapshot
from schemas.messages import Publish


@pytest.mark.parametrize("correlation", [None, b"", b"page ", b"page 0123456789abcdef"])
def test_only_answers_to_the_pages_own_orders_are_taken(correlation: bytes | None) -> None:
    told: list[FromPage] = []
    clock = SystemClock()

    def to_engine(order: FromPage) -> bool:
        told.append(order)
        return True

    questions = VerdictBoxes().questions
    bridge = Bridge(to_engine, clock, questions)
    token = bridge.order(TakeSnapshot(camera="yard"), "snapshot", "yard")
    assert isinstance(told[0], Parsed)
    assert told[0].reply.correlation == token
    payload = Response(ok=True, command="snapshot", ts=clock.utc()).to_json()
    assert not bridge.takes(Publish("a/response/snapshot", payload, correlation=correlation))
    assert not Bridge(to_engine, clock, questions).takes(Publish("a", payload, correlation=token))
    assert bridge.takes(Publish("a/response/snapshot", payload, correlation=token))
    answer = bridge.answers.get()
    assert answer is not None
    assert answer[0] == token


@pytest.mark.parametrize(
    "keys",
    [
        {"audio": {"level": True}},
        {"recording": {"audio": True}},
        {"source": "http://user:secret@h/", "record_source": "rtsp://h/", "audio": {"level": True}},
        {"source": "rtsps://user:secret@h/", "tls": {"insecure": True}},
        {"source": "http://user:secret@h/", "redirect_hosts": ["secret"]},
        {"source": "exec:cat secret", "recording": {"format": "original"}},
        {"recording": {"format": "camera"}},
    ],
)
def test_a_configuration_without_its_source_is_one_that_can_be_checked(
    keys: dict[str, Any],
) -> None:
    """The page checks it with what was drawn, trials and proposals with the settings in force."""
    camera = CameraConfig.model_validate({"source": "rtsp://user:secret@h/1", **keys})
    shown = without_sources(camera)
    assert "secret" not in shown.model_dump_json()
    assert CameraConfig.model_validate(shown.model_dump(mode="json")) == shown
    assert judged_now(shown, camera.settings()).detection == camera.detection


def test_a_page_that_somebody_watches_ends_in_the_time_that_it_has() -> None:
    # aiohttp waits for an answer, then for its handler; the loop sees the end with its next step
    assert server.STEP + 2 * CLOSES_WITHIN <= 0.7 * SERVERS_WITHIN
