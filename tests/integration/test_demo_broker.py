"""The demo's broker, with real clients, as the agent and the person at the terminal use it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent.core.errors import ConfigError
from agent.demo.broker import HOST, broker_answers, embedded_broker, mosquitto
from agent.runtime.clock import SystemClock
from tests.support.broker import free_port
from tests.support.needs import need
from tests.support.waiting import PATIENCE, gone, wait_until

AMQTT, MOSQUITTO = "amqtt", "Mosquitto"


def program(broker: str) -> str | None:
    """What `embedded_broker` is told."""
    if broker == AMQTT:
        return None
    found = mosquitto()
    need("" if found else "mosquitto is not installed")
    return found


@pytest.fixture(scope="module", params=[AMQTT, MOSQUITTO])
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def port(broker: str) -> Iterator[int]:
    port = free_port()
    with embedded_broker(port, SystemClock(), program(broker)):
        yield port


def connect_packet(level: int, will: tuple[str, bytes] | None = None) -> bytes:
    """A CONNECT of MQTT 3.1.1 (level 4) or 5 (5, without properties), clean, retained will."""
    properties = b"\0" if level == 5 else b""
    flags = 0x02 | (0x2C if will else 0)
    body = b"\0\4MQTT" + bytes([level, flags]) + struct.pack(">H", 30) + properties
    body += counted(b"by hand")
    if will:
        body += properties + counted(will[0].encode()) + counted(will[1])
    return bytes([0x10, len(body)]) + body


def counted(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


@contextlib.contextmanager
def connected(port: int, packet: bytes) -> Iterator[socket.socket]:
    """A connection that has sent the packet; it ends without a goodbye."""
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        connection.sendall(packet)
        yield connection


Heard = tuple[str, bytes, bool]  # topic, payload, retained


class Listener:
    """A client that keeps what it hears."""

    def __init__(self, port: int, name: str) -> None:
        self._heard: list[Heard] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, name)
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._hear
        self._port = port

    def connect(self, keepalive: int = 30) -> Listener:
        self.client.connect(HOST, self._port, keepalive)
        self.client.loop_start()
        wait_until("connected", self.connected.is_set)
        return self

    def subscribe(self, topic: str) -> Listener:
        self.subscribed.clear()
        self.client.subscribe(topic, qos=1)
        wait_until("subscribed", self.subscribed.is_set)
        return self

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        # paho connects again by itself where a busy machine kept it from its broker
        wait_until("a connection", self.client.is_connected)
        message = self.client.publish(topic, payload, qos=1, retain=retain)
        wait_until("it is published", lambda: message.is_published())  # noqa: PLW0108  mypy

    def heard(self, prefix: str) -> list[Heard]:
        """What came below a topic, each thing once.

        amqtt 0.12 sends a new client, unasked, the retained messages that others subscribed to.
        """
        return [one for one in dict.fromkeys(self._heard) if one[0].startswith(prefix)]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._heard.append((message.topic, bytes(message.payload), message.retain))


@pytest.fixture
def people(port: int) -> Iterator[list[Listener]]:
    """The agent and somebody who listens."""
    both = [Listener(port, "agent").connect(), Listener(port, "somebody").connect()]
    yield both
    for one in both:
        one.close()


def test_retained_messages_wait_for_later_subscribers(people: list[Listener]) -> None:
    agent, somebody = people
    agent.say("kept/state", b"ON", retain=True)
    agent.say("kept/passing", b"gone")
    somebody.subscribe("kept/#")
    wait_until("the retained message", lambda: somebody.heard("kept/"))
    assert somebody.heard("kept/") == [("kept/state", b"ON", True)]


def test_live_messages_are_passed_on_without_the_retain_flag(people: list[Listener]) -> None:
    agent, somebody = people
    somebody.subscribe("live/+")
    agent.say("live/state", b"OFF", retain=True)
    wait_until("the message", lambda: somebody.heard("live/"))
    assert somebody.heard("live/") == [("live/state", b"OFF", False)]


def test_an_empty_payload_clears_what_was_retained(people: list[Listener], port: int) -> None:
    agent, _somebody = people
    agent.say("cleared/state", b"ON", retain=True)
    agent.say("cleared/state", b"", retain=True)
    agent.say("cleared/other", b"ON", retain=True)
    late = Listener(port, "late").connect().subscribe("cleared/#")
    wait_until("the other one", lambda: late.heard("cleared/"))
    assert late.heard("cleared/") == [("cleared/other", b"ON", True)]
    late.close()


def test_a_broken_connection_publishes_the_will_and_keeps_it(
    people: list[Listener], port: int
) -> None:
    agent, somebody = people
    somebody.subscribe("house/availability")
    agent.say("house/availability", b"online", retain=True)
    with connected(port, connect_packet(4, will=("house/availability", b"offline"))) as victim:
        assert victim.recv(4) == bytes.fromhex("20020000")  # accepted
    wait_until(
        "the will", lambda: [one[1] for one in somebody.heard("house/")] == [b"online", b"offline"]
    )
    late = Listener(port, "late").connect().subscribe("house/#")
    wait_until("the will, retained", lambda: late.heard("house/"))
    assert late.heard("house/") == [("house/availability", b"offline", True)]
    late.close()


def test_a_tidy_goodbye_publishes_no_will(people: list[Listener], port: int, broker: str) -> None:
    agent, somebody = people
    somebody.subscribe("tidy/#")
    guest = Listener(port, "guest")
    guest.client.will_set("tidy/availability", b"offline", qos=1, retain=True)
    guest.connect().close()
    agent.say("tidy/end", b"1")
    end = ("tidy/end", b"1", False)
    wait_until("the message after it", lambda: end in somebody.heard("tidy/"))
    # amqtt may forget a goodbye that it reads together with the connection's end
    if broker != AMQTT:
        assert somebody.heard("tidy/") == [end]


def test_a_picture_of_half_a_megabyte_passes_whole(people: list[Listener]) -> None:
    agent, somebody = people
    picture = os.urandom(500_000)
    somebody.subscribe("picture")
    agent.say("picture", picture, retain=True)
    wait_until("the picture", lambda: somebody.heard("picture"))
    assert somebody.heard("picture")[0][1] == picture


def test_probing_the_port_leaves_nothing_behind(port: int) -> None:
    for _ in range(50):
        assert broker_answers(HOST, port)
    listener = Listener(port, "after").connect().subscribe("after")
    listener.say("after", b"1")
    wait_until("an echo", lambda: listener.heard("after"))
    listener.close()


def test_it_listens_on_loopback_only(port: int) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("broker", [AMQTT], indirect=True, scope="module")
def test_mqtt_5_is_refused_as_an_unknown_version(port: int) -> None:
    with connected(port, connect_packet(5)) as modern:
        assert modern.recv(100) == bytes.fromhex("20020001")
        assert modern.recv(100) == b""


@pytest.mark.parametrize("broker", [AMQTT], indirect=True, scope="module")
def test_mqtt_5_with_a_will_gets_no_answer_at_all(port: int) -> None:
    """Not as it should be, but the agent's side has to know: a deadline, then 3.1.1."""
    with connected(port, connect_packet(5, will=("modern/availability", b"offline"))) as modern:
        modern.settimeout(1.0)
        with pytest.raises(TimeoutError):
            modern.recv(100)


@pytest.mark.parametrize("broker", [MOSQUITTO], indirect=True, scope="module")
def test_mosquitto_speaks_mqtt_5_and_tells_nobody_what_others_asked_for(port: int) -> None:
    with connected(port, connect_packet(5)) as modern:
        assert modern.recv(5)[3] == 0  # accepted
    first = Listener(port, "first").connect().subscribe("asked/#")
    first.say("asked/state", b"ON", retain=True)
    second = Listener(port, "second").connect().subscribe("other/#")
    second.say("other/end", b"1")
    wait_until("its own", lambda: second.heard("other/"))
    assert second.heard("asked/") == []
    first.close()
    second.close()


def test_nobody_answers_where_nobody_listens() -> None:
    assert not broker_answers(HOST, free_port())
    assert not broker_answers("no-such-host.invalid", 1883)


@pytest.mark.parametrize("broker", [AMQTT, MOSQUITTO])
def test_it_is_gone_after_the_block(broker: str) -> None:
    port = free_port()
    with embedded_broker(port, SystemClock(), program(broker)) as pid:
        assert broker_answers(HOST, port)
    assert gone(pid)
    assert not broker_answers(HOST, port)


@pytest.mark.parametrize("broker", [AMQTT, MOSQUITTO])
def test_it_ends_when_the_agent_is_killed(broker: str) -> None:
    port = free_port()
    script = (
        "from agent.demo.broker import embedded_broker\n"
        "from agent.runtime.clock import SystemClock\n"
        "import time\n"
        f"with embedded_broker({port}, SystemClock(), {program(broker)!r}) as pid:\n"
        "    print(pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as agent:
        assert agent.stdout
        child = int(agent.stdout.readline())
        agent.send_signal(signal.SIGKILL)
    wait_until("the broker ended", lambda: gone(child))
    assert not broker_answers(HOST, port)


def test_it_runs_by_hand_without_an_input_and_ends_on_sigterm() -> None:
    port = free_port()
    command = [sys.executable, "-m", "agent.demo.broker", "--port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as broker:
        wait_until("it listens", lambda: broker_answers(HOST, port))
        broker.terminate()
        assert broker.wait(PATIENCE) == 0
        assert broker.stderr
        (line,) = broker.stderr.read().decode().splitlines()
    assert line.endswith(f"embedded broker: listening on 127.0.0.1:{port}, MQTT 3.1.1")


def test_a_taken_port_is_said(port: int, broker: str) -> None:
    with (
        pytest.raises(ConfigError, match=f"is port {port} taken"),
        embedded_broker(port, SystemClock(), program(broker)),
    ):
        pytest.fail("it cannot have started")


def test_without_the_extra_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "amqtt.py").write_text("raise ModuleNotFoundError('No module named amqtt')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        pytest.raises(ConfigError, match="script/setup --with demo"),
        embedded_broker(free_port(), SystemClock()),
    ):
        pytest.fail("it cannot have started")
