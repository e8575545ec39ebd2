"""`deploy/setup-broker-tls`: what it makes is taken by a real Mosquitto and a real agent."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.core.messages import BrokerUp
from schemas.config import TlsConfig
from tests.support.agent_mqtt import RunningMqtt, options
from tests.support.broker import free_port
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "pi", "a word of no use elsewhere"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout after `deploy/setup-broker`."""
    if os.geteuid():
        pytest.skip("without root the script needs Docker")
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    for folder in ("agent", "broker"):
        (tmp_path / "secrets" / folder).mkdir(parents=True)
    passwd = tmp_path / "secrets/broker/passwd"
    made = ["mosquitto_passwd", "-b", "-c", str(passwd), USER, PASSWORD]
    subprocess.run(made, check=True, capture_output=True)
    acl = (ROOT / "deploy/mosquitto.acl").read_text().replace("AGENT", USER)
    (tmp_path / "secrets/broker/acl").write_text(acl)
    return tmp_path


def run(project: Path, *names: str) -> subprocess.CompletedProcess[str]:
    script = [str(project / "deploy/setup-broker-tls"), *names]
    return subprocess.run(script, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_the_agent_reaches_the_broker_with_what_the_script_made(project: Path) -> None:
    made = run(project, "localhost", "192.0.2.7")
    assert made.returncode == 0, made.stderr
    ca = project / "secrets/agent/broker_ca.crt"
    text = (project / "deploy/mosquitto.conf").read_text()
    secrets = project / "secrets/broker"
    plain, tls = free_port(), free_port()
    # the container's paths and ports, as they are on this machine
    text = text.replace("listener 1883", f"listener {plain} 127.0.0.1\nuser root")
    text = text.replace("/mosquitto/secrets", str(secrets)).replace("/mosquitto/data", str(project))
    conf = secrets / "tls.conf"
    moved = conf.read_text().replace("/mosquitto/secrets", str(secrets))
    conf.write_text(moved.replace("listener 8883", f"listener {tls}"))
    (project / "mosquitto.conf").write_text(text)
    broker = subprocess.Popen(["mosquitto", "-c", str(project / "mosquitto.conf")])
    try:
        login = {"username": USER, "password": PASSWORD, "host": "localhost"}
        with RunningMqtt(options(tls, tls=TlsConfig(ca=ca), **login), project) as agent:
            agent.wait_for(BrokerUp)
    finally:
        broker.terminate()
        broker.wait(PATIENCE)


def test_another_name_later_is_signed_by_the_same_authority(project: Path) -> None:
    secrets = project / "secrets"
    assert run(project, "localhost").returncode == 0
    ca, certificate = secrets / "agent/broker_ca.crt", secrets / "broker/server.crt"
    before = ca.read_bytes(), certificate.read_bytes()
    assert run(project, "broker.lan", "fd00::7").returncode == 0
    assert ca.read_bytes() == before[0]
    assert certificate.read_bytes() != before[1]
    check = ["openssl", "verify", "-CAfile", str(ca), "-verify_hostname", "broker.lan"]
    assert subprocess.run([*check, str(certificate)], check=False).returncode == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (secrets / "broker").iterdir()}
    assert {modes[name] for name in ("server.key", "server.crt", "tls.conf")} == {0o600}
    assert (secrets / "broker_ca.key").stat().st_mode & 0o777 == 0o600
    assert (project / ".env").read_text().count("MQTT_TLS_LISTEN=") == 1


@pytest.mark.parametrize("names", [(), ("a;b",), ("a b",), ("DNS:x,IP:1.2.3.4",)])
def test_what_is_no_name_is_refused_and_nothing_is_made(
    names: tuple[str, ...], project: Path
) -> None:
    assert run(project, *names).returncode == 2
    assert not (project / "secrets/broker_ca.key").exists()
