"""How the parts are wired where that decides about safety."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.core.messages import BrokerDown, FrameScored, Received, RecordingFailed
from agent.page.bridge import Inbound
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.service.wiring import leaving_room
from tests.support.detections import detection


def test_a_flood_of_commands_leaves_room_for_what_the_cameras_say() -> None:
    inbox: Mailbox[Inbound] = Mailbox("inbox", 8, WhenFull.REFUSE)
    put = leaving_room(inbox)
    command = Received(topic="a/b", payload=b"x", retain=False, at=0.0)

    assert [put(command) for _ in range(6)] == [True] * 4 + [False] * 2
    assert not put(FrameScored("door", datetime(2026, 11, 22, tzinfo=UTC), detection()))
    assert put(BrokerDown(0.0, "lost", "gone"))
    assert [inbox.put(RecordingFailed("door", "e1", "lost", "gone")) for _ in range(4)] == [
        True
    ] * 3 + [False]
    assert inbox.dropped == 2 + 1 + 1
