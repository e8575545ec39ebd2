"""User names, certificates, rights and old protocols: what the agent says when one is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.core.messages import BrokerDown, BrokerUp, Received
from agent.mqtt.command_topics import command_topics
from schemas.config import TlsConfig
from schemas.messages import Publish, state
from schemas.topics import AgentTopics
from tests.support.agent_mqtt import CAMERA, TOPICS, Ear, RunningMqtt, options, record
from tests.support.broker import Broker, free_port, write_passwords
from tests.support.faulty_link import FaultyLink
from tests.support.waiting import wait_until

#: paho leaves the socket of a failed TLS handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

AGENT = {"username": "pi", "password": "right"}
NEIGHBOUR = {"username": "shed", "password": "right"}
PERSON = {"username": "homeassistant", "password": "right"}
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
#: As its comments say, a camera that is not called <agent>_1 has a line of its own.
NAMED = "pattern write homeassistant/device/surveillance__%u__front_door/config\n"
RIGHTS = {
    "one agent": (DEPLOY / "mosquitto.acl").read_text().replace("AGENT", TOPICS.agent_id),
    "fleet": NAMED + (DEPLOY / "mosquitto-fleet.acl").read_text(),
}


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca`, and `broker` (for 127.0.0.1), `agent`, `pi` signed by it; `stranger` is not."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "stranger"):
        openssl(
            folder,
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt"),
        )
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    (folder / "other").write_text("subjectAltName=DNS:broker.example")
    for name, extension in (
        ("broker", "san"),
        ("agent", "san"),
        ("pi", "san"),
        ("elsewhere", "other"),
    ):
        openssl(
            folder,
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            folder,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", extension, "-out", f"{name}.crt"),
        )
    return folder


@contextmanager
def tls_broker(
    folder: Path,
    certificates: Path,
    *,
    name: str = "broker",
    client: bool = False,
    lines: Sequence[str] = ("allow_anonymous true",),
) -> Iterator[Broker]:
    listener = [
        f"cafile {certificates / 'ca.crt'}",
        f"certfile {certificates / f'{name}.crt'}",
        f"keyfile {certificates / f'{name}.key'}",
        f"require_certificate {'true' if client else 'false'}",
    ]
    broker = Broker(folder, lines, listener).start()
    try:
        yield broker
    finally:
        broker.kill()


def test_tls_with_the_right_authority_works(tmp_path: Path, certificates: Path) -> None:
    tls = TlsConfig(ca=certificates / "ca.crt")
    with (
        tls_broker(tmp_path, certificates) as broker,
        RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"), record(1))
        wait_until("acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)


def test_a_client_certificate_is_shown(tmp_path: Path, certificates: Path) -> None:
    tls = TlsConfig(
        ca=certificates / "ca.crt",
        cert=certificates / "agent.crt",
        key=certificates / "agent.key",
    )
    with (
        tls_broker(tmp_path, certificates, client=True) as broker,
        RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)


def test_insecure_leaves_out_the_host_name_only(tmp_path: Path, certificates: Path) -> None:
    ca = certificates / "ca.crt"
    with tls_broker(tmp_path, certificates, name="elsewhere") as broker:
        checked = options(broker.port, tls=TlsConfig(ca=ca))
        with RunningMqtt(checked, tmp_path) as agent:
            down = agent.wait_for(BrokerDown)
            assert down.code == "tls"
            assert "mqtt.host" in down.reason
        unchecked = options(broker.port, tls=TlsConfig(ca=ca, insecure=True))
        with RunningMqtt(unchecked, tmp_path) as agent:
            agent.wait_for(BrokerUp)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"ca": "stranger.crt"}, "mqtt.tls.ca"),
        ({"ca": "absent.crt"}, "absent.crt: No such file"),
        ({"ca": "ca.key"}, "check mqtt.tls.ca, cert and key"),
        ({"ca": "ca.crt", "cert": "agent.crt", "key": "stranger.key"}, "check mqtt.tls.ca, cert"),
    ],
)
def test_a_wrong_file_is_named(
    tmp_path: Path, certificates: Path, files: dict[str, str], words: str
) -> None:
    tls = TlsConfig(**{key: certificates / name for key, name in files.items()})
    with (
        tls_broker(tmp_path, certificates) as broker,
        RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent,
    ):
        down = agent.wait_for(BrokerDown)
        assert down.code == "tls"
        assert words in down.reason


def test_a_missing_client_certificate_is_suspected(tmp_path: Path, certificates: Path) -> None:
    tls = TlsConfig(ca=certificates / "ca.crt")
    with (
        tls_broker(tmp_path, certificates, client=True) as broker,
        RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent,
    ):
        assert "certificate" in agent.wait_for(BrokerDown).reason.casefold()


def test_a_port_without_tls_is_suspected(tmp_path: Path, certificates: Path) -> None:
    broker = Broker(tmp_path).start()
    try:
        tls = TlsConfig(ca=certificates / "ca.crt")
        with RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent:
            down = agent.wait_for(BrokerDown)
            assert down.code in {"tls", "unreachable"}
    finally:
        broker.kill()


@pytest.fixture(params=RIGHTS)
def locked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker with three users and the rights of a file of `deploy`."""
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    write_passwords(passwords, AGENT, NEIGHBOUR, PERSON)
    rights.write_text(RIGHTS[request.param])
    lines = ["allow_anonymous false", f"password_file {passwords}", f"acl_file {rights}"]
    broker = Broker(tmp_path, lines).start()
    yield broker
    broker.kill()


@pytest.mark.parametrize("protocol", ["5", "3.1.1", "auto"])
def test_a_wrong_password_is_named_and_not_shown(
    locked: Broker, tmp_path: Path, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    login = {**AGENT, "password": "wr0ng-secret"}
    wrong = options(locked.port, protocol=protocol, **login)
    with RunningMqtt(wrong, tmp_path) as agent:
        down = agent.wait_for(BrokerDown)
        assert down.code == "refused"
        assert "mqtt.username" in down.reason
    assert "wr0ng-secret" not in caplog.text + repr(wrong) + down.reason


def test_the_documented_rights_let_the_agent_say_everything(locked: Broker, tmp_path: Path) -> None:
    device = state(TOPICS.discovery("homeassistant", CAMERA.camera_id), "{}")
    with (
        Ear(locked.port, "surveillance/#", "homeassistant/#", **PERSON) as ear,
        RunningMqtt(options(locked.port, **AGENT), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(device, state(CAMERA.motion, "ON"), state(TOPICS.availability, "online"))
        agent.put(record(1), Publish(CAMERA.response("armed"), b"{}"))
        for topic in (device.topic, CAMERA.motion, CAMERA.event_motion, CAMERA.response("armed")):
            ear.wait_for(topic)
        wait_until("acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)
        assert agent.mqtt.stats.dropped == 0


def test_the_documented_rights_let_home_assistant_command_everything(
    locked: Broker, tmp_path: Path
) -> None:
    topics = [*command_topics(TOPICS, ["front_door"]), CAMERA.setting_set("amred")]
    topics.append(f"{CAMERA.root}/armed")
    mine = options(locked.port, status_topic="homeassistant/status", **AGENT)
    with (
        Ear(locked.port, "surveillance/#", **PERSON) as person,
        RunningMqtt(mine, tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        for topic in topics:
            person.say(topic, "{}")
        person.say("homeassistant/status", "online")
        agent.wait_for(Received, len(topics) + 1)
        heard = {received.topic for received in agent.all_told(Received)}
        assert heard == {*topics, "homeassistant/status"}


def test_the_documented_rights_let_nobody_play_the_agent(locked: Broker, tmp_path: Path) -> None:
    foreign = AgentTopics("surveillance", "other")
    with (
        Ear(locked.port, "surveillance/#", **PERSON) as person,
        RunningMqtt(options(locked.port, **AGENT), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        for topic in (TOPICS.availability, CAMERA.motion, CAMERA.event_motion):
            person.say(topic, "OFF")
        agent.put(state(foreign.availability, "online"), state(TOPICS.availability, "online"))
        person.wait_for(TOPICS.availability)
        wait_until("the refusal is counted", lambda: agent.mqtt.stats.dropped == 1)
        assert [heard.topic for heard in person.heard] == [TOPICS.availability]
        assert agent.mqtt.stats.connected


@pytest.mark.parametrize("locked", ["fleet"], indirect=True)
def test_the_rights_of_a_fleet_keep_its_agents_apart(locked: Broker, tmp_path: Path) -> None:
    shed = AgentTopics("surveillance", "shed")
    mine = [TOPICS.discovery("homeassistant"), TOPICS.discovery("homeassistant", "pi_1")]
    others = [shed.discovery("homeassistant"), shed.discovery("homeassistant", "shed_1")]
    others += [shed.availability, shed.camera("shed_1").motion]
    with (
        Ear(locked.port, "surveillance/#", "homeassistant/#", **PERSON) as person,
        Ear(locked.port, "surveillance/#", "homeassistant/#", **NEIGHBOUR) as neighbour,
        RunningMqtt(options(locked.port, **AGENT), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        for topic in (*others, *mine):
            agent.put(state(topic, "{}"))
        neighbour.say(TOPICS.restart, "PRESS")
        person.say(TOPICS.camera("front_door").setting_set("armed"), "OFF")
        person.wait_for(mine[-1])
        wait_until("the refusals are counted", lambda: agent.mqtt.stats.dropped == len(others))
        agent.wait_for(Received)
        assert [received.payload for received in agent.all_told(Received)] == [b"OFF"]
        assert {heard.topic for heard in person.heard} & set(others) == set()
        assert neighbour.heard == []


def test_a_certificate_can_say_which_agent_of_a_fleet_it_is(
    tmp_path: Path, certificates: Path
) -> None:
    (tmp_path / "rights").write_text(RIGHTS["fleet"])
    lines = [f"acl_file {tmp_path / 'rights'}", "use_identity_as_username true"]
    ca = certificates / "ca.crt"
    tls = TlsConfig(ca=ca, cert=certificates / "pi.crt", key=certificates / "pi.key")
    with (
        tls_broker(tmp_path, certificates, client=True, lines=lines) as broker,
        RunningMqtt(options(broker.port, tls=tls), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(state(AgentTopics("surveillance", "shed").availability, "online"))
        agent.put(state(TOPICS.availability, "online"), record(1))
        wait_until("acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)
        wait_until("the refusal is counted", lambda: agent.mqtt.stats.dropped == 1)


AMQTT = """
import asyncio, logging, sys
from amqtt.broker import Broker
logging.disable(logging.CRITICAL)
async def main():
    listener = {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}"}
    plugin = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    broker = Broker({"listeners": {"default": listener}, "plugins": {plugin: {}}})
    await broker.start()
    await asyncio.sleep(900)
asyncio.run(main())
"""


def test_a_broker_of_311_is_found_out_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.client.ANSWER_WITHIN", 0.75)
    port = free_port()
    broker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", AMQTT, str(port)], stderr=subprocess.DEVNULL
    )
    try:
        with RunningMqtt(options(port), tmp_path) as agent:
            assert agent.wait_for(BrokerUp).protocol == "3.1.1"
            agent.put(state(TOPICS.availability, "online"), record(1))
            wait_until("acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)
    finally:
        broker.kill()
        broker.wait()


def test_a_password_that_is_changed_is_read_again(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    write_passwords(passwords, AGENT)
    current = ["old"]
    lines = ["allow_anonymous false", f"password_file {passwords}"]
    broker = Broker(tmp_path, lines).start()
    try:
        login = {"username": AGENT["username"], "password": lambda: current[0]}
        with RunningMqtt(options(broker.port, **login), tmp_path) as agent:
            down = agent.wait_for(BrokerDown)
            assert down.code == "refused"
            assert "mqtt.password" in down.reason
            current[0] = AGENT["password"]
            agent.wait_for(BrokerUp)
    finally:
        broker.kill()


def test_a_password_file_that_is_gone_is_named_and_waited_for(tmp_path: Path) -> None:
    there = [False]

    def password() -> str:
        if not there[0]:
            raise ConfigError("mqtt.password_file x: No such file or directory")
        return AGENT["password"]

    write_passwords(tmp_path / "passwords", AGENT)
    lines = ["allow_anonymous false", f"password_file {tmp_path / 'passwords'}"]
    broker = Broker(tmp_path, lines).start()
    try:
        login = {"username": AGENT["username"], "password": password}
        with RunningMqtt(options(broker.port, **login), tmp_path) as agent:
            down = agent.wait_for(BrokerDown)
            assert (down.code, "password_file x" in down.reason) == ("refused", True)
            there[0] = True
            agent.wait_for(BrokerUp)
    finally:
        broker.kill()


@pytest.mark.parametrize("client", [False, True], ids=["server only", "client certificate"])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_plain_agent_is_told_that_the_port_speaks_tls(
    tmp_path: Path, certificates: Path, protocol: str, *, client: bool
) -> None:
    with (
        tls_broker(tmp_path, certificates, client=client) as broker,
        RunningMqtt(options(broker.port, protocol=protocol), tmp_path) as agent,
    ):
        down = agent.wait_for(BrokerDown)
        assert down.code == "tls"
        assert "this port speaks TLS" in down.reason


def test_a_port_that_hangs_up_and_speaks_nothing_is_not_said_to_speak_tls(tmp_path: Path) -> None:
    with FaultyLink(free_port()) as link:
        link.refusing = True
        with RunningMqtt(options(link.port), tmp_path) as agent:
            assert agent.wait_for(BrokerDown).code != "tls"
