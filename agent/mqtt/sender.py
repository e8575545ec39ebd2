"""What goes out over the connection of the moment: states, answers, records, pictures."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Protocol

from agent.core.backoff import Backoff
from agent.mqtt.backlog import Backlog
from agent.mqtt.connection_news import Accepted, BrokerAge, HomeSaid
from agent.mqtt.foreign_answers import Elsewhere
from agent.mqtt.ha_delivery import Offering
from agent.mqtt.ha_presence import NEVER
from agent.mqtt.journal import Journal
from agent.mqtt.journal_entries import Entry
from agent.mqtt.late_records import answers_to, marked_late
from agent.mqtt.live_gate import LiveGate
from agent.mqtt.outbox import Outbox
from agent.mqtt.packet_limits import PacketLimits, Suspect
from agent.mqtt.payload_trimming import slimmed
from agent.runtime.clock import Clock
from schemas.messages import DigestQuery, EventsQuery, Publish

log = logging.getLogger(__name__)

#: Unacknowledged messages at a time; paho's own default for what may be in flight. What is not in
#: flight stays here, where a newer state still replaces it.
WINDOW = 20
#: Pictures handed to paho and not yet written to the socket, or not acknowledged where they ask who
#: sees them: bounds its memory on a slow network.
PICTURES = 2
#: A message is `late` when it is sent more than 5 s after it came to be.
LATE = 5.0
#: Seconds that records wait for `online`: Home Assistant ignores events of an unavailable device.
ONLINE_WAIT = 2.0
#: Bounds what we remember to have said already.
MAX_REMEMBERED = 1024
#: Of a message that paho did not take, or not whole.
NO_MID = -1
#: Seconds until records that the broker refused are sent again: a quota may be free by then. Each
#: further round with a refusal doubles them, up to the second figure: missing rights stay missing.
REFUSED_AGAIN, REFUSED_SELDOM = 30.0, 600.0
#: Seconds until a state is cleared: Home Assistant must first have taken its entity away, for which
#: discovery needs a step of 2 s. An entity that gets an empty state fills its log.
CLEAR_AFTER = 4.0
#: Header, packet id, property lengths and our properties: below 64 bytes without correlation data.
OVERHEAD = 64


class Link(Protocol):
    """What a sender needs of a connection."""

    def publish(self, message: Publish) -> int | None:
        """The id of the message, or None when there is no connection."""
        ...


@dataclass(frozen=True, slots=True)
class _Flying:
    """A message in flight: of which record, and whether it is the offer to Home Assistant.

    `clears`: it is empty, and retained. `behind`: topic of the picture that it describes.
    """

    topic: str
    entry_id: int | None = None
    offer: bool = False
    clears: bool = False
    behind: str = ""


class Sender:
    """Keeps at most `WINDOW` messages in flight; records go in order, pictures when there is time.

    A record goes out twice: immediately, for every reader, and on a topic that only Home Assistant
    reads, when Home Assistant is there.

    Attributes:
        oversize: messages larger than the broker takes: skipped.
        withheld: topics whose last message was, or lacks entities for it, with its size.
        refused: messages that the broker did not accept.
    """

    def __init__(
        self,
        outbox: Outbox,
        journal: Journal,
        clock: Clock,
        online_topic: str,
        devices: str | None = None,
        live: LiveGate | None = None,
    ) -> None:
        """Makes one without a connection.

        Args:
            outbox: what others want to be sent.
            journal: the records.
            clock: the time.
            online_topic: where we say that we are there.
            devices: how Home Assistant's discovery topics begin; None: it gets nothing.
            live: hears what becomes of live pictures.
        """
        self._live = live or LiveGate(clock)
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._online_topic = online_topic
        self._devices = devices
        self._root = online_topic.removesuffix("availability")
        self._offering = Offering(journal, WINDOW, devices)
        self._elsewhere = Elsewhere(self._root)
        self._records = Backlog(journal.waiting, WINDOW)
        self.oversize = 0
        self.refused = 0
        self._link: Link | None = None
        self._window = WINDOW
        self._limits = PacketLimits()
        self.withheld: dict[str, int] = {}
        self._said: set[str] = set()
        self._refused_wait = Backoff(REFUSED_AGAIN, 2.0, REFUSED_SELDOM, jitter=0.0)
        self._forget()

    def _forget(self) -> None:
        self._flying: dict[int, _Flying] = {}
        self._pictures: set[int] = set()
        self._records.begin()
        self._offering.forget()
        self._to_clear: dict[str, float] = {}  # topic: from when on
        for topic in self._journal.retained.gone:
            self._clear(topic, at_once=self._journal.retained.is_gone_at_once(topic))
        self._refused_until = NEVER
        self._online = False

    # -------------------------------------------------------------- the connection

    def connected(self, link: Link, limits: Accepted) -> None:
        """A connection is there: everything unacknowledged is sent again, from the oldest on."""
        self._forget()
        self._link = link
        self._window = max(1, min(WINDOW, limits.receive_maximum))
        now = self._clock.monotonic()
        self._limits.connected(limits.max_packet, now)
        self._online_until = now + ONLINE_WAIT
        self._offering.connected(now)
        self._outbox.open()
        self._live.open()

    def disconnected(
        self, *, lost: bool = False, kicked: bool = False, too_large: bool = False
    ) -> Suspect | None:
        """The connection is gone: `lost`, or the broker says why: `kicked`, `too_large`.

        Returns what cost it, if it was a message.
        """
        now = self._clock.monotonic()
        topic = self._elsewhere.lost(now) if lost or kicked else None
        suspect = self._limits.lost(now, certain=too_large) if lost or too_large else None
        self._link = None
        self._outbox.close()
        self._live.close()
        self._forget()
        return suspect if topic is None else Suspect(topic, None)

    def unreachable(self) -> None:
        """There is no broker: that is why the connection was lost."""
        self._limits.gone()
        self._elsewhere.gone()

    @property
    def picture_limit(self) -> int | None:
        """Bytes of a picture that the broker takes; None: no limit is known."""
        return self._limits.picture

    def sent(self, mid: int, error: str | None, *, heard: bool = True) -> None:
        """A message was acknowledged or written; a record leaves the journal."""
        if mid in self._flying:
            self._limits.acknowledged(mid)
        else:
            self._limits.written(mid, self._clock.monotonic())
        message = self._flying.pop(mid, _Flying(""))
        self._pictures.discard(mid)
        self._elsewhere.acknowledged(mid)
        taken = heard and error is None  # who may not publish is not heard either
        self._live.acknowledged(message.topic, message.behind, heard=taken)
        if error is not None:
            self.refused += 1
            words = "mqtt: the broker did not accept a message to %s: %s; check its ACL"
            self._say(message.topic, words, message.topic, error)
            if message.entry_id is not None and self._refused_until == NEVER:
                self._refused_until = self._clock.monotonic() + self._refused_wait.next()
        elif message.clears:
            self._journal.retained.cleared(message.topic)
        elif message.entry_id is not None and not message.offer:
            self._journal.acknowledge(message.entry_id)
            if self._refused_until == NEVER and self._records.idle and not self._records_fly:
                self._refused_wait.reset()  # all that waited was taken
        elif message.entry_id is not None and heard:
            self._offering.heard(message.entry_id, message.topic, self._clock.monotonic())
        elif not heard:
            now = self._clock.monotonic()
            self._offering.unheard(message.topic, now, offer=message.offer)

    def home(self, said: HomeSaid | BrokerAge) -> None:
        """What tells whether Home Assistant is there."""
        self._offering.said(said, self._clock.monotonic())

    # -------------------------------------------------------------- the work

    def journal_records(self) -> None:
        """Puts new records into the journal, and what is to be cleared, with no connection, too."""
        self._take_cleared()
        records = self._outbox.records()
        if self._devices is None:
            records = [replace(record, offer=None) for record in records]
        for entry in self._journal.append(records):
            self._records.add(entry)
            self._offering.add(entry)

    def send(self) -> None:
        """Sends what fits into the window, in this order: new events, states, backlog, pictures.

        Before all what is to be cleared: what is said of such a topic later has to stay.
        """
        self._take_cleared()
        while self._room and (topic := self._next_clear) is not None:
            del self._to_clear[topic]
            if self._journal.retained.is_gone(topic):
                self._publish(Publish(topic, b"", 1, retain=True), _Flying(topic, clears=True))
        self._retry_refused()
        if self._records.caught_up:
            self._send_records()
        if self._offering.caught_up:
            self._send_offers()
        self._send_messages()
        self._send_records()
        self._send_offers()
        while self._room_for_picture and (picture := self._outbox.next_picture()):
            self._publish(picture)
        self._send_messages()  # answers that waited for one of these pictures

    def _take_cleared(self) -> None:
        for message in self._outbox.cleared():
            self._clear(message.topic, at_once=message.at_once)
            self._journal.retained.bury(message.topic, at_once=message.at_once)

    def _clear(self, topic: str, *, at_once: bool = False) -> None:
        """Clears it: immediately, or a state after Home Assistant has removed its entity."""
        ours = topic.startswith(self._root) and self._journal.retained.knows(topic)
        later = ours and self._devices is not None and not at_once
        self._to_clear[topic] = self._clock.monotonic() + (CLEAR_AFTER if later else 0.0)

    @property
    def _next_clear(self) -> str | None:
        now = self._clock.monotonic()
        return next((topic for topic, due in self._to_clear.items() if now >= due), None)

    def _send_messages(self) -> None:
        while self._room and (message := self._outbox.next_message()) is not None:
            for publish in (
                answers_to(message, self._journal, self._clock.utc(), self._limits.most)
                if isinstance(message, EventsQuery | DigestQuery)
                else [message]
            ):
                self._answer(publish)

    def _answer(self, message: Publish) -> None:
        """An answer or a state; an answer on a requester's topic only where that is safe."""
        now = self._clock.monotonic()
        asked = not message.retain and self._elsewhere.names(message.topic)
        if asked and self._elsewhere.closed(now):
            self.refused += 1
            words = "mqtt: no response topics for an hour: two of them cost the connection"
            self._say("elsewhere", words)
            return
        mid = self._publish(message)
        if asked and (mid is not None or self._link is None):  # not where it was left out
            self._elsewhere.sent(NO_MID if mid is None else mid, message.topic, now)

    def _send_records(self) -> None:
        while self._room and self._is_online and (entry := self._records.next()) is not None:
            self._publish(self._as_message(entry, entry.topic), _Flying(entry.topic, entry.id))

    def _send_offers(self) -> None:
        now = self._clock.monotonic()
        in_flight = any(flying.offer for flying in self._flying.values())
        self._offering.retry(now, in_flight=in_flight)
        while self._room and self._is_online and (offer := self._offering.next(now)) is not None:
            entry, topic = offer
            self._publish(self._as_message(entry, topic), _Flying(topic, entry.id, offer=True))

    def _retry_refused(self) -> None:
        if self._clock.monotonic() >= self._refused_until and not self._records_fly:
            self._refused_until = NEVER
            self._records.begin()
            self._offering.begin()

    @property
    def _records_fly(self) -> bool:
        return any(flying.entry_id is not None for flying in self._flying.values())

    @property
    def idle(self) -> bool:
        """Nothing is in flight and nothing more could be sent now."""
        may_offer = self._is_online and self._offering.may(self._clock.monotonic())
        offered = self._offering.idle or not may_offer
        busy = self._flying or self._pictures or self._next_clear is not None
        return not busy and self._records.idle and offered

    @property
    def patience(self) -> float:
        """Seconds until something waiting may go out although nothing happens."""
        now = self._clock.monotonic()
        clears = max(0.0, min(self._to_clear.values(), default=NEVER) - now)
        return min(clears, self._offering.patience(now))

    @property
    def _room(self) -> bool:
        return self._link is not None and len(self._flying) < self._window

    @property
    def _room_for_picture(self) -> bool:
        return self._room and len(self._pictures) < PICTURES

    @property
    def _is_online(self) -> bool:
        return self._online or self._clock.monotonic() >= self._online_until

    def _publish(self, message: Publish, flying: _Flying | None = None) -> int | None:
        """Its id; None: it is left out, or there is no connection."""
        picture = message.qos == 0
        if message.description is not None and self._live.asks(message.topic):
            message = replace(message, qos=1)
        size = _size(message)
        if self._link is None:
            return None
        if self._limits.takes(size):
            self.withheld.pop(message.topic, None)
        elif (fitting := self._made_to_fit(message, size)) is not None:
            message, size = fitting, _size(fitting)
        else:
            return None
        mid = self._link.publish(message)
        self._limits.sent(
            NO_MID if mid is None else mid, message.topic, size, picture=message.qos == 0
        )
        if mid is None:  # the end of the connection is on its way to us
            self._link = None
            if flying is None and not message.retain and not self._elsewhere.names(message.topic):
                self._outbox.put(message)  # states are repeated anyway, answers are not
            return None
        self._note_announced(message)
        self._note_retained(message)
        if picture:
            self._pictures.add(mid)
        if message.qos:
            self._flying[mid] = flying or _Flying(message.topic)
        if message.description is not None:  # directly: nothing may come between the two
            about = _Flying(message.description.topic, behind=message.topic)
            self._live.left(message.topic)
            self._publish(message.description, about)
        return mid

    def _note_retained(self, message: Publish) -> None:
        """What is said of a topic that was to be cleared has to stay.

        Discovery's topics are remembered elsewhere, with what they held.
        """
        retained, topic = self._journal.retained, message.topic
        ours = topic.startswith(self._root) or retained.is_gone(topic)
        if ours and message.retain and message.payload:
            retained.say(topic)

    def _note_announced(self, message: Publish) -> None:
        is_online = message.topic == self._online_topic
        self._online = self._online or is_online
        if is_online or self._offering.is_device(message.topic):
            now = self._clock.monotonic()
            self._offering.announced(message.topic, message.payload, now, online=self._online)

    def _made_to_fit(self, message: Publish, size: int) -> Publish | None:
        """The message with less in it, or None: it is left out. Both are said and counted."""
        topic, most = message.topic, self._limits.most or 0
        if len(self.withheld) < MAX_REMEMBERED:
            self.withheld[topic] = size
        if self._offering.is_device(topic):
            slim = slimmed(message.payload, most - (size - len(message.payload)))
            if slim is not None:
                payload, lacking = slim
                words = "mqtt: %s: %d bytes are more than the broker takes: %d entities left out"
                self._say(topic, words, topic, size, lacking)
                return replace(message, payload=payload)
        self.oversize += 1
        words = "mqtt: %s: left out: %d bytes are more than the broker takes (%d are sure)"
        self._say(topic, words, topic, size, most)
        return None

    def _say(self, key: str, text: str, *values: object) -> None:
        """A warning the first time, a debug line then: one line per fact."""
        level = logging.DEBUG if key in self._said else logging.WARNING
        if len(self._said) < MAX_REMEMBERED:
            self._said.add(key)
        log.log(level, text, *values)

    # -------------------------------------------------------------- records

    def _as_message(self, entry: Entry, topic: str) -> Publish:
        late = self._journal.age(entry) > LATE
        payload = marked_late(entry.payload) if late else entry.payload
        return Publish(topic, payload, qos=1, content_type="application/json")


def _size(message: Publish) -> int:
    """Bytes of the packet, or a few more."""
    correlation = len(message.correlation or b"")
    return OVERHEAD + len(message.topic.encode()) + len(message.payload) + correlation
