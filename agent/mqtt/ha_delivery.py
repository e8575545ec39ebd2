"""Which record Home Assistant gets next, and when: see ADR 0010."""

from __future__ import annotations

from collections import deque

from agent.mqtt.backlog import Backlog
from agent.mqtt.connection_news import BrokerAge, HomeSaid
from agent.mqtt.ha_presence import NEVER, STALE, Presence, Unheard
from agent.mqtt.ha_queue import MAX_OFFERS
from agent.mqtt.journal import Journal
from agent.mqtt.journal_entries import Entry

#: Where the journal keeps whether Home Assistant was away.
HOME_NOTE = "home_assistant"


class Offering:
    """Offers each record to Home Assistant until it is heard. Owned by the sender.

    Args:
        journal: the records.
        page: records that are read from it at a time.
        devices: how Home Assistant's discovery topics begin; None: it gets nothing.
    """

    def __init__(self, journal: Journal, page: int, devices: str | None) -> None:
        self._journal = journal
        self._devices = devices
        self._home = Presence(away=journal.note(HOME_NOTE) == "away")
        self._unheard = Unheard()
        #: Offered while Home Assistant may have been starting: ids and topics.
        self._unsure: deque[tuple[int, str]] = deque(maxlen=MAX_OFFERS)
        self._announced: dict[str, int] = {}
        self._backlog = Backlog(journal.offered, page)
        self._again_at = NEVER

    def forget(self) -> None:
        """The connection is gone, and with it what was known of who listens."""
        self._unsure.clear()
        self._unheard.forget()
        self._again_at = NEVER
        self.begin()

    def begin(self) -> None:
        """From the oldest record on, again."""
        self._backlog.begin()

    def connected(self, now: float) -> None:
        """A connection is there."""
        self._home.connected(now)

    def said(self, said: HomeSaid | BrokerAge, now: float) -> None:
        """What tells whether Home Assistant is there."""
        if isinstance(said, BrokerAge):
            self._home.broker_up(said.seconds, now, old=STALE if said.retained else 0.0)
            return
        if said.online and not said.retained and self._home.unsure(now):
            self._journal.offers.again(self._unsure)  # it was not there: it gets them now
            self.begin()
        if not (said.online and said.retained):
            self._unsure.clear()
        self._home.said(now, online=said.online, retained=said.retained)
        self._unheard.forget()
        self._again_at = now
        self._journal.keep_note(HOME_NOTE, "away" if self._home.away else "there")

    def is_device(self, topic: str) -> bool:
        """It is a topic of Home Assistant's discovery."""
        return self._devices is not None and topic.startswith(self._devices)

    def announced(self, topic: str, payload: bytes, now: float, *, online: bool) -> None:
        """Home Assistant needs a moment for a device that it has just been told of."""
        news = False
        if self.is_device(topic):
            known, said = self._announced.get(topic), hash(payload)
            self._announced[topic] = said
            news = known != said
        if news or online:
            self._home.announced(now, news=news)

    def add(self, entry: Entry) -> None:
        """One more record, if it is for Home Assistant."""
        if self._journal.offers.topic(entry.id) is not None:
            self._backlog.add(entry)

    def heard(self, entry_id: int, topic: str, now: float) -> None:
        """The broker handed an offer on."""
        self._journal.offers.done(entry_id)
        if self._home.unsure(now):
            self._unsure.append((entry_id, topic))

    def unheard(self, topic: str, now: float, *, offer: bool) -> None:
        """The broker says that nobody subscribes to this topic, of an offer or of a device."""
        if offer:
            self._unheard.nobody(topic, now)
            self._again_at = min(self._again_at, self._unheard.next(now))
        elif self.is_device(topic):
            self._home.nobody()

    def retry(self, now: float, *, in_flight: bool) -> None:
        """Begins again where it is time for what nobody heard, and none is on its way."""
        if now >= self._again_at and not in_flight:
            self._again_at = self._unheard.next(now)
            self.begin()

    def next(self, now: float) -> tuple[Entry, str] | None:
        """The next record to offer, and its topic; None: there is none now."""
        while self.may(now) and (entry := self._backlog.next()) is not None:
            topic = self._journal.offers.topic(entry.id)
            if topic is not None and not self._unheard.waits(topic, now):
                return entry, topic
        return None

    def may(self, now: float) -> bool:
        """Offers may go out."""
        return self._devices is not None and self._home.ready(now) and now < self._again_at

    @property
    def caught_up(self) -> bool:
        """What comes now is live."""
        return self._backlog.caught_up

    @property
    def idle(self) -> bool:
        """Nothing more can be offered."""
        return self._backlog.idle

    def patience(self, now: float) -> float:
        """Seconds until an offer may go out although nothing happens."""
        if self._devices is None or not len(self._journal.offers):
            return NEVER
        return self._home.wait(now) or max(0.0, self._again_at - now)
