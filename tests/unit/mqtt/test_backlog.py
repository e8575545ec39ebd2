from __future__ import annotations

from agent.mqtt.backlog import Backlog
from agent.mqtt.journal_entries import Entry, Unreadable


def entry(number: int) -> Entry:
    return Entry(number, "door", "motion", number, "a/event", b"{}", 0.0)


def test_what_the_disk_does_not_give_is_asked_for_again_and_not_overtaken() -> None:
    readable = False

    def waiting(limit: int, after: int) -> list[Entry]:
        if not readable:
            raise Unreadable
        return [entry(n) for n in range(after + 1, 4)][:limit]

    backlog = Backlog(waiting, 2)
    assert backlog.next() is None
    assert not backlog.caught_up
    backlog.add(entry(3))  # it is on disk as well
    assert backlog.next() is None
    readable = True
    got = [it.id for it in iter(backlog.next, None)]
    assert got == [1, 2, 3]
    assert backlog.caught_up
