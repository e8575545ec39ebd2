from __future__ import annotations

import threading

from agent.runtime.worker import Worker
from agent.service.supervisor import MOST_HUNG, Crew
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until


class Hanging:
    """A body whose threads hang until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.runs = 0
        self.renewed = 0

    def run(self, worker: Worker) -> None:
        """Hangs, and looks at nothing."""
        del worker
        self.runs += 1
        self.go.wait(30.0)

    def renew(self) -> None:
        """Counts."""
        self.renewed += 1


def test_a_worker_that_hangs_is_replaced_and_counted_until_it_comes_back() -> None:
    body, clock = Hanging(), FakeClock()
    crew = Crew(clock, lambda _name, _error: None)
    crew.add({"door.camera": body.run})
    crew.start()
    wait_until("it runs", lambda: body.runs == 1)
    clock.advance(31.0)
    assert list(crew.silent(clock.monotonic(), 30.0)) == ["door.camera"]
    assert crew.replace("door.camera", body.renew)
    wait_until("another one runs", lambda: body.runs == 2)
    assert crew.silent(clock.monotonic(), 30.0) == {}
    assert crew.restarts() == {"door.camera": 1}
    assert crew.hung() == ("door.camera",)
    assert body.renewed == 1
    body.go.set()
    wait_until("it came back", lambda: not crew.hung())
    assert crew.stop(["door.camera"], 5.0, clock.monotonic() + 5.0) == []


def test_no_more_than_so_many_hang_at_a_time() -> None:
    body, clock = Hanging(), FakeClock()
    crew = Crew(clock, lambda _name, _error: None)
    crew.add({"door.camera": body.run})
    crew.start()
    for _ in range(MOST_HUNG):
        assert crew.replace("door.camera", body.renew)
    assert not crew.replace("door.camera", body.renew)
    assert body.renewed == MOST_HUNG
    assert len(crew.hung()) == MOST_HUNG
    body.go.set()
    wait_until("all came back", lambda: not crew.hung())


def test_a_thread_that_hangs_while_its_camera_goes_is_counted_among_those_that_hang() -> None:
    body, clock = Hanging(), FakeClock()
    crew = Crew(clock, lambda _name, _error: None)
    for _ in range(MOST_HUNG):
        (worker,) = crew.add({"door.camera": body.run})
        worker.start()
        assert crew.stop(["door.camera"], 0.0, 0.0) == ["door.camera"]
        crew.forget(["door.camera"])
    assert crew.hung() == ("door.camera",) * MOST_HUNG
    crew.add({"lane.camera": body.run})
    assert not crew.replace("lane.camera", body.renew), "so many hang already"
    body.go.set()
    wait_until("all came back", lambda: not crew.hung())


def test_who_has_ended_since_its_time_was_over_is_not_busy() -> None:
    body, clock = Hanging(), FakeClock()
    crew = Crew(clock, lambda _name, _error: None)
    crew.add({"self_test": body.run})
    crew.start()
    late = crew.stop(["self_test"], 0.0, 0.0)
    assert crew.busy(late) == ["self_test"]
    body.go.set()
    wait_until("it has ended", lambda: not crew.busy(late))
