"""What waits for the mqtt thread: the newest of each state, answers, pictures, records."""

from __future__ import annotations

import threading
from collections import deque
from typing import TypeVar

from agent.mqtt.journal import MAX_MESSAGES
from schemas.messages import DigestQuery, EventsQuery, Outgoing, Publish, Query, Record

#: Answers to commands that wait. More of them are a mistake of the sender, and the oldest answer
#: is the least useful one.
MAX_ANSWERS = 256
#: Records wait here only until the mqtt thread has put them into the journal: milliseconds, or as
#: long as the disk hangs, for which no decision may wait. As many as the journal holds (30 MB).
MAX_RECORDS = MAX_MESSAGES

T = TypeVar("T")


class Outbox:
    """Messages on their way to the broker; any thread puts, the mqtt thread takes.

    States and pictures are taken only while there is a connection: after the next connect the
    engine says what is true then. Of each topic the newest waits, in the place of the first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._open = False
        self._records: deque[Record] = deque()
        self._cleared: dict[str, Publish] = {}
        self._answers: deque[Publish | Query] = deque()
        self._states: dict[str, Publish] = {}
        self._pictures: dict[str, Publish] = {}
        self._dropped = 0

    def put(self, message: Outgoing) -> None:
        """Adds a message; never blocks.

        Records and answers (QoS 1, not retained) wait for a connection, and so does what clears a
        retained message: an empty one. Others that are retained and everything with QoS 0 do not.
        """
        with self._lock:
            match message:
                case Record():
                    self._push(self._records, message, MAX_RECORDS)
                case EventsQuery() | DigestQuery():
                    self._push(self._answers, message, MAX_ANSWERS)
                case Publish(retain=True, payload=b""):
                    self._states.pop(message.topic, None)
                    self._pictures.pop(message.topic, None)
                    self._cleared[message.topic] = message
                case Publish(qos=0):
                    self._replace(self._pictures, message)
                case Publish(retain=True):
                    self._replace(self._states, message)
                case Publish():
                    self._push(self._answers, message, MAX_ANSWERS)
        self._wake.set()

    def wake(self) -> None:
        """Ends a `wait`: something else happened that the mqtt thread should look at."""
        self._wake.set()

    def wait(self, timeout: float) -> None:
        """Waits until something is put or `wake` is called."""
        self._wake.wait(timeout)
        self._wake.clear()

    def open(self) -> None:
        """There is a connection: states and pictures are taken from now on."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """The connection is gone, and with it what was true a moment ago."""
        with self._lock:
            self._open = False
            self._states.clear()
            self._pictures.clear()

    def records(self) -> list[Record]:
        """All records, in order; also without a connection, for the journal."""
        with self._lock:
            records = list(self._records)
            self._records.clear()
            return records

    def cleared(self) -> list[Publish]:
        """What clears a topic at the broker, before the rest is sent; also without a connection."""
        with self._lock:
            messages = list(self._cleared.values())
            self._cleared.clear()
            return messages

    def next_message(self) -> Publish | Query | None:
        """The oldest state, then the oldest answer: an answer follows what it speaks of.

        One that waits for its picture lets the others pass.
        """
        with self._lock:
            if not self._open:
                return None
            if self._states:
                return self._states.pop(next(iter(self._states)))
            for place, answer in enumerate(self._answers):
                if not (isinstance(answer, Publish) and answer.after in self._pictures):
                    del self._answers[place]
                    return answer
            return None

    def next_picture(self) -> Publish | None:
        """The picture that waits longest, with its description, after all states."""
        with self._lock:
            if self._states or not self._pictures:
                return None
            return self._pictures.pop(next(iter(self._pictures)))

    @property
    def empty(self) -> bool:
        """Nothing waits."""
        with self._lock:
            waiting = self._records or self._answers or self._states or self._pictures
            return not (waiting or self._cleared)

    @property
    def dropped(self) -> int:
        """Answers and records lost because the outbox was full."""
        return self._dropped

    def _replace(self, waiting: dict[str, Publish], message: Publish) -> None:
        if self._open:
            waiting[message.topic] = message

    def _push(self, waiting: deque[T], message: T, limit: int) -> None:
        if len(waiting) >= limit:
            waiting.popleft()
            self._dropped += 1
        waiting.append(message)
