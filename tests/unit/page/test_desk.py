"""The page's own answers, and those of others that look like them."""

from __future__ import annotations

import pytest

from agent.core.messages import Parsed
from agent.page.desk import Desk, FromPage
from agent.runtime.clock import SystemClock
from schemas.commands import Response, TakeSnapshot
from schemas.messages import Publish


@pytest.mark.parametrize("correlation", [None, b"", b"page ", b"page 0123456789abcdef"])
def test_only_answers_to_the_pages_own_orders_are_taken(correlation: bytes | None) -> None:
    told: list[FromPage] = []
    clock = SystemClock()

    def to_engine(order: FromPage) -> bool:
        told.append(order)
        return True

    desk = Desk(to_engine, clock)
    token = desk.order(TakeSnapshot(camera="yard"), "snapshot", "yard")
    assert isinstance(told[0], Parsed)
    assert told[0].reply.correlation == token
    payload = Response(ok=True, command="snapshot", ts=clock.utc()).to_json()
    assert not desk.takes(Publish("a/response/snapshot", payload, correlation=correlation))
    assert not Desk(to_engine, clock).takes(Publish("a", payload, correlation=token))
    assert desk.takes(Publish("a/response/snapshot", payload, correlation=token))
    answer = desk.answers.get()
    assert answer is not None
    assert answer[0] == token
