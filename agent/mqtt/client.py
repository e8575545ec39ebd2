"""The mqtt thread: connects, subscribes, sends, reports, says goodbye.

waiting --time--> opening --socket--> connecting --CONNACK--> subscribing --SUBACK--> up
   ^                 |                    |                        |                  |
   +-----------------+--------------------+-------- ended ---------+------------------+
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum
from functools import partial
from random import random

from agent.core.engine_inputs import FromBroker
from agent.core.messages import BrokerDown, BrokerUp, Received
from agent.core.stats import MqttStats
from agent.mqtt.attempts import Attempts
from agent.mqtt.connection import Connection
from agent.mqtt.connection_errors import Why, because_of
from agent.mqtt.connection_news import (
    Accepted,
    BrokerAge,
    Ended,
    HomeSaid,
    Message,
    Opened,
    Sent,
    Signal,
    Subscribed,
)
from agent.mqtt.journal import Journal
from agent.mqtt.live_gate import LiveGate
from agent.mqtt.options import MqttOptions
from agent.mqtt.outbox import Outbox
from agent.mqtt.packet_limits import Suspect
from agent.mqtt.rate_limit import Flood, Seldom
from agent.mqtt.sender import Sender
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from schemas.messages import Publish

log = logging.getLogger(__name__)

#: Seconds between two looks of the thread when nothing happens; every put wakes it immediately.
#: While an attempt or a deadline waits for its time, it looks more often.
IDLE, IDLE_WRITING, IDLE_DOWN = 5.0, 1.0, 0.25
#: Seconds of silence after which a broker that accepted TCP counts as absent. Each time that it
#: happens the next attempt has twice the time, up to the last one: some ask elsewhere who we are.
ANSWER_WITHIN, ANSWER_AT_MOST = 5.0, 40.0
#: A name look-up, TCP and the TLS handshake have deadlines of their own in paho's thread and in the
#: system; this is for one that never comes back.
OPEN_WITHIN = 60.0
#: Seconds for the farewell, at most: Docker kills 10 s after SIGTERM.
FAREWELL = 2.0
#: How often acknowledgements are written when no record comes that would take them along.
FLUSH_EVERY = 1.0
#: Where the journal keeps which broker took MQTT 5 last.
TOOK_5 = "mqtt_5"
#: Acknowledgements of one window, written pictures, and what begins and ends a connection.
MAX_SIGNALS = 256


class _Phase(Enum):
    WAITING = "waiting"
    OPENING = "opening"
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    UP = "up"


class MqttWorker:
    """The owner of the broker connection and the journal.

    Attributes:
        stats: replaced whole; any thread may read it.
    """

    def __init__(
        self,
        options: MqttOptions,
        outbox: Outbox,
        journal: Journal,
        to_engine: Callable[[FromBroker], object],
        clock: Clock,
        live: LiveGate | None = None,
    ) -> None:
        """Makes an idle worker.

        Args:
            options: where and how.
            outbox: what others want to be sent.
            journal: open; the worker closes it in the end.
            to_engine: takes `Received`, `BrokerUp`, `BrokerDown`; never blocks, and returns False
                when it is full (a `Mailbox.put`).
            clock: the time.
            live: hears what becomes of live pictures.
        """
        self._options = options
        self._outbox = outbox
        self._journal = journal
        self._to_engine = to_engine
        self._clock = clock
        will, devices = options.will.topic, options.devices
        self._sender = Sender(outbox, journal, clock, will, devices, live)
        took_5 = journal.note(TOOK_5) == options.where
        self._attempts = Attempts(options.protocol, random, took_5=took_5)
        self._connection: Connection | None = None
        self._signals = _mailbox()
        self._phase = _Phase.WAITING
        self._deadline = 0.0
        self._flush_at = 0.0
        self._leaving = False
        self._limits = Accepted(None, 1)
        self._ups = 0
        self._failures = 0
        self._silences = 0  # attempts without an answer; the time that the broker needs is kept
        self._unheard = 0
        self._unreadable = 0
        self._flood = Flood()
        self._seldom = Seldom()
        self._deaf_to: tuple[str, ...] = ()
        self._down: Why | None = None
        self._news: BrokerUp | BrokerDown | None = None
        self.stats = MqttStats()

    def run(self, worker: Worker) -> None:
        """The thread's body: until `worker.stop`, then the farewell."""
        self._drop_connection()
        worker.wake = self._outbox.wake
        while not worker.stop.is_set():
            self._step()
            worker.beat()  # behind the step, in which a disk may hang: what is over is forgiven
            self._outbox.wait(self._pause())
        self._farewell(worker)
        self._journal.close()

    def _pause(self) -> float:
        if self._phase is not _Phase.UP:
            return IDLE_DOWN
        idle = IDLE_WRITING if self._journal.unwritten or self._news is not None else IDLE
        return min(idle, max(IDLE_DOWN, self._sender.patience))

    # -------------------------------------------------------------- one turn

    def _step(self) -> None:
        if self._phase is _Phase.UP:
            self._sender.send()  # a slow disk holds up records, not the light that motion puts on
        self._sender.journal_records()
        while (signal := self._signals.get()) is not None:
            self._react(signal)
        now = self._clock.monotonic()
        if self._phase is _Phase.UP:
            self._sender.send()
        elif now >= self._deadline and not self._leaving:
            self._connect() if self._phase is _Phase.WAITING else self._give_up()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_EVERY
            self._journal.flush()
        self._tell()
        self.stats = self._snapshot()

    def _react(self, signal: Signal) -> None:
        match signal:
            case Opened():
                self._enter(_Phase.CONNECTING, self._answer_within)
            case Accepted() if self._connection is not None:
                self._attempts.accepted(self._clock.monotonic())
                five = self._connection.protocol == "5"
                self._journal.keep_note(TOOK_5, self._options.where if five else "-")
                self._limits = signal
                self._enter(_Phase.SUBSCRIBING, self._answer_within)
                self._connection.subscribe()
            case Subscribed() if self._connection is not None:
                self._up(self._connection, signal)
            case Sent():
                self._sender.sent(signal.mid, signal.error, heard=signal.heard)
            case HomeSaid() | BrokerAge():
                self._sender.home(signal)
            case Ended():
                self._ended(signal.why, answered=signal.answered)

    @property
    def _answer_within(self) -> float:
        return min(ANSWER_AT_MOST, ANSWER_WITHIN * (1 << min(self._silences, 8)))

    def _enter(self, phase: _Phase, within: float) -> None:
        self._phase = phase
        self._deadline = self._clock.monotonic() + within

    def _connect(self) -> None:
        signals = self._signals

        def on_signal(signal: Signal) -> None:
            """Called in paho's thread, for this connection only."""
            signals.put(signal)
            self._outbox.wake()

        protocol = self._attempts.protocol
        received = partial(self._received, live=protocol == "5")
        self._connection = Connection(
            self._options,
            protocol,
            on_signal,
            received,
            hears=self._hears,
            as_bridge=self._attempts.as_bridge,
            is_known=self._attempts.known,
        )
        self._enter(_Phase.OPENING, OPEN_WITHIN)
        why = self._connection.start()
        if why is not None:
            self._ended(why, answered=True)

    def _give_up(self) -> None:
        self._silences += self._phase is not _Phase.OPENING
        words = f"{self._options.where}: no answer to our {self._phase.value}"
        self._ended(Why("unreachable", words), answered=self._phase is not _Phase.CONNECTING)

    def _up(self, connection: Connection, signal: Subscribed) -> None:
        self._deaf_to = signal.refused
        for name in signal.refused:
            log.warning("mqtt: the broker does not let us subscribe to %s: check its ACL", name)
        self._phase = _Phase.UP
        self._sender.connected(connection, self._limits)
        where, protocol = self._options.where, connection.protocol
        log.debug("mqtt %s: connected, MQTT %s", where, protocol)
        self._ups += 1
        now = self._clock.monotonic()
        self._news = BrokerUp(now, protocol, self._ups - 1, where, self._failures)
        self._failures = 0
        self._down = None

    def _ended(self, why: Why, *, answered: bool) -> None:
        suspect = self._drop_connection(why)
        if self._leaving:
            return
        if why.code == "unreachable":
            self._sender.unreachable()
        if suspect is not None:
            why = because_of(self._options.where, suspect.topic, suspect.size)
        now = self._clock.monotonic()
        why, delay = self._attempts.failed(why, now, answered=answered)
        self._deadline = now + delay
        self._failures += 1
        log.debug("mqtt: %s: %s; next attempt in %.1f s", why.code, why.reason, delay)
        if why != self._down:
            self._down = why
            self._news = BrokerDown(now, why.code, why.reason)

    def _drop_connection(self, why: Why | None = None) -> Suspect | None:
        """Ends it; returns the message that cost it, if it was one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.give_up()
            self._unreadable += connection.unreadable
        self._signals = _mailbox()  # what it still says goes into the old one
        was_up, self._phase = self._phase is _Phase.UP, _Phase.WAITING
        code = why.code if why is not None else ""
        return self._sender.disconnected(
            lost=was_up and code == "lost",
            kicked=was_up and code == "kicked",
            too_large=code == "packet_too_large",
        )

    # -------------------------------------------------------------- to the engine

    def _received(self, message: Message, *, live: bool) -> None:
        """Called in paho's thread: one put."""
        received = Received(
            topic=message.topic,
            payload=message.payload,
            retain=message.retain,
            at=self._clock.monotonic(),
            response_topic=message.response_topic,
            correlation=message.correlation,
            live=live,
        )
        if self._to_engine(received) is False:
            self._unheard += 1

    def _hears(self, topic: str) -> bool:
        """Called in paho's thread: too many of one topic are left out, and counted."""
        return self._flood.takes(topic, self._clock.monotonic())

    def _left_out(self) -> int:
        """Messages of the broker that the engine never saw; new ones are said once a minute."""
        open_now = self._connection.unreadable if self._connection is not None else 0
        for cause, count in (
            ("too many of one topic came", self._flood.refused),
            ("too many came at once", self._unheard),
            ("they cannot be read", self._unreadable + open_now),
        ):
            if more := self._seldom.grown(cause, count, self._clock.monotonic()):
                log.warning("mqtt: %d messages of the broker are left out: %s", more, cause)
        return self._unheard + self._unreadable + open_now + self._flood.refused

    def _tell(self) -> None:
        """Tells the engine where we stand; a full inbox is tried again, the newest news wins."""
        if self._news is not None and self._to_engine(self._news) is not False:
            self._news = None

    def _snapshot(self) -> MqttStats:
        sender = self._sender
        return MqttStats(
            connected=self._phase is _Phase.UP,
            reconnects=max(0, self._ups - 1),
            dropped=self._outbox.dropped + self._left_out() + sender.oversize + sender.refused,
            journal_waiting=self._journal.waiting_count,
            journal_lost=self._journal.lost,
            journal_failed=self._journal.unjournalled,
            journal_failing=self._journal.failing,
            home_waiting=len(self._journal.offers),
            home_lost=self._journal.offers.lost,
            deaf_to=self._deaf_to,
            withheld=tuple(sorted(sender.withheld.items())),
            picture_limit=sender.picture_limit,
        )

    # -------------------------------------------------------------- the end

    def _farewell(self, worker: Worker) -> None:
        """Sends what waits, then `offline`, then DISCONNECT (after which no will is sent)."""
        self._leaving = True
        until = self._clock.monotonic() + FAREWELL
        self._drain(worker, until - FAREWELL / 2)
        if self._phase is _Phase.UP:
            will = self._options.will
            self._outbox.put(Publish(will.topic, will.payload, qos=1, retain=True))
            self._drain(worker, until)
        if self._connection is not None:
            self._connection.hang_up()
        while self._phase is _Phase.UP and self._clock.monotonic() < until:
            self._outbox.wait(0.05)
            self._step()
        self._drop_connection()
        if self.stats.journal_waiting:
            log.info("mqtt: %d events wait for the next start", self.stats.journal_waiting)

    def _drain(self, worker: Worker, until: float) -> None:
        self._step()
        while self._phase is _Phase.UP and self._clock.monotonic() < until:
            if self._sender.idle and self._outbox.empty:
                return
            worker.beat()
            self._outbox.wait(0.05)
            self._step()


def _mailbox() -> Mailbox[Signal]:
    return Mailbox("mqtt_signals", MAX_SIGNALS, WhenFull.REFUSE)
