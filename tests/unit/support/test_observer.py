from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from schemas.state import LastError
from tests.support.observer import objections

ERROR = LastError(
    code="x", message="y", source="camera", count=1, ts=datetime(2026, 11, 22, tzinfo=UTC)
).to_json()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("b/pi/error", ERROR),
        ("b/pi/availability", b"online"),
        ("b/pi/yard/availability", b"offline"),
        ("b/pi/yard/motion/state", b"ON"),
        ("b/pi/yard/armed/state", b"OFF"),
        ("b/pi/beep_enabled/state", b"ON"),
        ("b/pi/yard/motion/image", b"\xff\xd8..."),
        ("b/pi/yard/motion/delta", b"\x89PNG\r\n\x1a\n..."),
    ],
)
def test_what_the_agent_may_say_is_not_objected_to(topic: str, payload: bytes) -> None:
    assert objections(topic, payload, retained=True) == []


@pytest.mark.parametrize(
    ("topic", "payload", "retained"),
    [
        ("b/pi/error", ERROR, False),
        ("b/pi/error", b'{"v":1}', True),
        ("b/pi/error", json.dumps({**json.loads(ERROR), "more": 1}).encode(), True),
        ("b/pi/error", json.dumps({**json.loads(ERROR), "source": "moon"}).encode(), True),
        ("b/pi/availability", b"stopped", True),
        ("b/pi/yard/event/motion", b"{}", False),
        ("b/pi/yard/motion/image", b"\x89PNG", True),
        ("b/pi/yard/motion/image", b"\xff\xd8" + bytes(600_000), True),
        ("b/pi/yard/wings/state", b"ON", True),
        ("b/pi/somewhere", b"", True),
    ],
)
def test_what_the_agent_must_not_say_is_objected_to(
    topic: str, payload: bytes, *, retained: bool
) -> None:
    assert len(objections(topic, payload, retained=retained)) >= 1


def test_commands_are_not_the_agents() -> None:
    assert objections("b/pi/yard/armed/set", b"anything", retained=True) == []
