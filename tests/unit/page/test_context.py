"""What all routes share."""

from __future__ import annotations

import threading
from pathlib import Path

from agent.page.bridge import Bridge
from agent.page.context import Context
from agent.page.options import PageOptions
from agent.runtime.clock import SystemClock
from agent.verdicts.worker import VerdictBoxes
from tests.support.waiting import PATIENCE


def test_at_the_end_what_waits_for_a_thread_is_forgotten(tmp_path: Path) -> None:
    """A process that ends waits for such threads: ten visitors' days would take ten times."""
    clock = SystemClock()
    bridge = Bridge(lambda _order: True, clock, VerdictBoxes().questions)
    context = Context(PageOptions("127.0.0.1", 0, tmp_path), bridge, clock)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go_on.wait(PATIENCE)

    running = context.thread("page-days").submit(work)
    assert begun.wait(PATIENCE)
    waiting = context.thread("page-days").submit(work)
    context.close()
    go_on.set()

    assert running.result(PATIENCE)
    assert waiting.cancelled()
