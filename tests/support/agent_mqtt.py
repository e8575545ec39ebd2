"""The mqtt room as the agent runs it, and a plain subscriber that remembers what it saw."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.core.engine_inputs import Told
from agent.mqtt.client import MqttWorker
from agent.mqtt.command_topics import command_filters, slip_filters
from agent.mqtt.journal import Journal
from agent.mqtt.live_gate import LiveGate
from agent.mqtt.options import MqttOptions
from agent.mqtt.outbox import Outbox
from agent.runtime.clock import SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from schemas.messages import Outgoing, Publish, Record, state
from schemas.topics import AgentTopics
from tests.support.waiting import PATIENCE, wait_until

TOPICS = AgentTopics("surveillance", "pi")
CAMERA = TOPICS.camera("front_door")
WILL = state(TOPICS.availability, "offline")

T = TypeVar("T")


def options(port: int, **changes: Any) -> MqttOptions:  # noqa: ANN401  fields of MqttOptions
    """Options of an agent with one camera, on loopback; `password` may be a text."""
    if isinstance(secret := changes.get("password"), str):
        changes["password"] = lambda: secret
    filters, slips = tuple(command_filters(TOPICS)), tuple(slip_filters(TOPICS))
    plain = MqttOptions("127.0.0.1", port, "surveillance-pi-test", WILL, filters, slips)
    return replace(plain, **{"keepalive": 60, **changes})


def record(seq: int, event_type: str = "motion_started", text: str = "") -> Record:
    """A motion record with as little as the journal looks at."""
    content = {"event_type": event_type, "id": f"E{seq}", "seq": seq, "ts": "t", "text": text}
    payload = json.dumps(content).encode()
    return Record("front_door", "motion", seq, Publish(CAMERA.event_motion, payload))


class RunningMqtt:
    """A `MqttWorker` in its thread; `told` is what the engine would have got."""

    def __init__(self, options: MqttOptions, folder: Path, *, inbox: int = 1000) -> None:
        clock = SystemClock()
        self.live = LiveGate(clock)
        self.outbox = Outbox()
        self.journal = Journal(folder / "journal.db", clock)
        self.inbox: Mailbox[Told] = Mailbox("inbox", inbox, WhenFull.REFUSE)
        self.told: list[object] = []
        self.fatal: list[BaseException] = []
        self.mqtt = MqttWorker(options, self.outbox, self.journal, self.inbox.put, clock, self.live)
        self.worker = Worker(
            "mqtt", self.mqtt.run, clock, lambda _name, error: self.fatal.append(error)
        )

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.worker.halt()
        assert self.worker.join(PATIENCE), "the mqtt thread did not leave"
        assert not self.fatal
        assert self.worker.restarts == 0

    def put(self, *messages: Outgoing) -> None:
        for message in messages:
            self.outbox.put(message)

    def all_told(self, kind: type[T]) -> list[T]:
        """What was told of one kind, from the start on."""
        while (message := self.inbox.get()) is not None:
            self.told.append(message)
        return [message for message in self.told if isinstance(message, kind)]

    def wait_for(self, kind: type[T], count: int = 1, seconds: float = PATIENCE) -> T:
        """The `count`-th message of a kind."""
        what = f"{count} x {kind.__name__}"
        wait_until(what, lambda: len(self.all_told(kind)) >= count, seconds)
        return self.all_told(kind)[count - 1]


@dataclass
class Heard:
    """One message that a subscriber got."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool
    properties: Any = None
    at: float = field(default_factory=time.monotonic)


class Ear:
    """A subscriber with a connection of its own (MQTT 5), used for publishing as well.

    `subscribed`: how often, once for each connection. What is said between two is not heard.
    """

    def __init__(self, port: int, *filters: str, **login: str) -> None:
        self.heard: list[Heard] = []
        self._filters = filters
        self.subscribed = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        if login:
            self._client.username_pw_set(login["username"], login["password"])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until("the subscriber's SUBACK", lambda: self.subscribed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(name, 1) for name in self._filters or ("#",)])

    def _on_subscribe(self, *_: object) -> None:
        self.subscribed += 1

    def _on_message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self.heard.append(
            Heard(message.topic, bytes(message.payload), message.retain, message.properties)
        )

    def of(self, topic: str) -> list[Heard]:
        return [heard for heard in self.heard if heard.topic == topic]

    def payloads(self, topic: str) -> list[bytes]:
        return [heard.payload for heard in self.of(topic)]

    def seqs(self, topic: str) -> list[int]:
        return [json.loads(payload)["seq"] for payload in self.payloads(topic)]

    def wait_for(self, topic: str, count: int = 1, seconds: float = PATIENCE) -> Heard:
        wait_until(f"{count} x {topic}", lambda: len(self.of(topic)) >= count, seconds)
        return self.of(topic)[count - 1]

    def wait_in_order(self, topic: str, *payloads: bytes) -> None:
        """Until these were said one after the other, whatever was said between them.

        For a state that does not last: who looks at the newest one only may look too late.
        """

        def came() -> bool:
            said = iter(self.payloads(topic))
            return all(payload in said for payload in payloads)

        wait_until(f"{topic} = {payloads}", came)

    def say(
        self, topic: str, payload: str | bytes, *, retain: bool = False, **properties: object
    ) -> None:
        """Publishes at QoS 1 and waits for the acknowledgement."""
        extra = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
        for name, value in properties.items():
            setattr(extra, name, value)
        info = self._client.publish(topic, payload, 1, retain, properties=extra)
        info.wait_for_publish(PATIENCE)
        assert info.is_published(), f"the broker did not acknowledge {topic}"

    def post(self, topic: str, payload: str) -> None:
        """Publishes at QoS 1 without waiting: many of them come in a row."""
        self._client.publish(topic, payload, 1)
