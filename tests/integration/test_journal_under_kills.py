"""Many events while agent and broker are killed at random: a reader ends up with every one.

The broker keeps nothing on disk, so what it had acknowledged and not delivered is lost with it;
the reader finds the gap by `seq` and fetches it with `request/events`, as
docs/reference/mqtt.md says.
`LONG=1` makes it 1,000 events.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.agent_mqtt import CAMERA, TOPICS, Ear
from tests.support.broker import Broker
from tests.support.waiting import wait_until

LONG = os.environ.get("LONG") == "1"
EVENTS = 1000 if LONG else 250
LEAST_KILLS = 20 if LONG else 5

pytestmark = pytest.mark.timeout(600)

#: An agent with an engine that only counts, and answers `request/events`.
CHILD = """
import sys
import time
from pathlib import Path
from agent.core.messages import BrokerUp, Parsed, Received
from agent.mqtt.router import parse
from schemas.messages import EventsQuery, state
from tests.support.agent_mqtt import TOPICS, RunningMqtt, options, record
port, folder = int(sys.argv[1]), Path(sys.argv[2])
with RunningMqtt(options(port), folder) as agent:
    seq = agent.journal.last_seq("front_door", "motion")
    while True:
        said = agent.inbox.get(0.02)
        if isinstance(said, BrokerUp):
            agent.put(state(TOPICS.availability, "online"))
        if isinstance(said, Received):
            asked = parse(said, TOPICS, ["front_door"])
            if isinstance(asked, Parsed):
                since = asked.command.since
                topics = (TOPICS.response("events"),)
                agent.put(EventsQuery("front_door", since, topics, None, None))
        seq += 1
        agent.put(record(seq))
"""


class Reader(Ear):
    """Drops doubles by seq; fetches what is missing."""

    def __init__(self, port: int) -> None:
        super().__init__(port, CAMERA.event_motion, TOPICS.response("events"))

    def live(self) -> list[int]:
        """Numbers as they came by themselves, without doubles."""
        return list(dict.fromkeys(self.seqs(CAMERA.event_motion)))

    def fetched(self) -> set[int]:
        answers = [json.loads(payload) for payload in self.payloads(TOPICS.response("events"))]
        return {event["seq"] for answer in answers for event in answer["data"]["events"]}

    def missing(self) -> list[int]:
        return sorted(set(range(1, EVENTS + 1)) - set(self.live()) - self.fetched())

    def fetch(self) -> bool:
        """Asks for the first gap; True when nothing is missing any more.

        A request that nobody heard (the agent was just away) is not answered: it is asked again.
        """
        missing = self.missing()
        if missing:
            asked = len(self.of(TOPICS.response("events")))
            with suppress(RuntimeError):  # the broker is away: it is asked again
                self.say(TOPICS.request("events"), json.dumps({"since": missing[0] - 1}))
            until = time.monotonic() + 2.0
            while len(self.of(TOPICS.response("events"))) == asked and time.monotonic() < until:
                time.sleep(0.01)
        return not missing


def newest(reader: Reader) -> int:
    """The highest number that came by itself; the agent never ends counting."""
    return max(reader.live(), default=0)


def went_on(reader: Reader, before: int) -> bool:
    """More was said than that."""
    return newest(reader) > before


def start_agent(port: int, folder: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    arguments = [sys.executable, "-c", CHILD, str(port), str(folder)]
    return subprocess.Popen(arguments, env=environment, cwd=root)


def test_no_event_is_missing_and_the_order_is_kept(tmp_path: Path) -> None:
    rng = random.Random(5)
    (tmp_path / "broker").mkdir()
    broker = Broker(tmp_path / "broker").start()
    agent = start_agent(broker.port, tmp_path)
    reader = Reader(broker.port)
    kills = {"agent": 0, "broker": 0}
    try:
        with reader:
            while sum(kills.values()) < LEAST_KILLS or newest(reader) < EVENTS:
                before = newest(reader)
                wait_until("progress", partial(went_on, reader, before))
                time.sleep(rng.uniform(0.0, 0.5))
                victim = rng.choice(["agent", "broker"])
                kills[victim] += 1
                if victim == "agent":
                    agent.kill()
                    agent.wait()
                    agent = start_agent(broker.port, tmp_path)
                else:
                    broker.kill()
                    broker.start()
            wait_until("nothing is missing", reader.fetch)
            live = reader.live()
            assert live == sorted(live)
            print(f"{EVENTS} events, {kills}, {len(live)} live, rest fetched")  # noqa: T201  with -s
            assert min(kills.values()) > 0
    finally:
        agent.kill()
        agent.wait()
        broker.kill()
