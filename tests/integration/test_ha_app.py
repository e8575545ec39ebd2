"""Options from a file, the broker over HTTP, as the supervisor gives them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.commands.ha_app import Prepared, prepare
from agent.config.loader import load, password_of
from agent.core.errors import ConfigError
from tests.support.clock import FakeClock
from tests.support.supervisor import FakeSupervisor

BROKER = {
    "addon": "core_mosquitto",
    "host": "core-mosquitto",
    "port": 1883,
    "ssl": False,
    "protocol": "3.1.1",
    "username": "addons",
    "password": "s3cret",
}
OPTIONS = {
    "cameras": [{"id": "yard", "source": "hk://10.0.0.9"}],
    "store_path": "/media/nas/yard",
    "retention_days": 4,
    "publish_images": True,
    "log_level": "DEBUG",
}


def run(folder: Path, supervisor: FakeSupervisor, **changes: object) -> Prepared:
    (folder / "options.json").write_text(json.dumps({**OPTIONS, **changes}))
    return prepare(
        {"SUPERVISOR_TOKEN": "t0ken"},
        FakeClock(),
        threading.Event(),
        data=folder,
        user_files=folder,
        service=supervisor.url,
    )


def test_the_supervisors_broker_is_used_and_its_password_shut_away(tmp_path: Path) -> None:
    with FakeSupervisor(BROKER) as supervisor:
        prepared = run(tmp_path, supervisor)
    assert prepared.log_level == "DEBUG"
    config = load(prepared.config_file, {}).config
    assert (config.mqtt.host, config.mqtt.username) == ("core-mosquitto", "addons")
    assert password_of(config.mqtt) == "s3cret"
    assert supervisor.tokens == ["Bearer t0ken"]
    assert "s3cret" not in prepared.config_file.read_text()
    for name in ("surveillance.yaml", "mqtt_password"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_broker_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    with FakeSupervisor(None, None, BROKER) as supervisor:
        prepared = run(tmp_path, supervisor)
    assert load(prepared.config_file, {}).config.mqtt.host == "core-mosquitto"
    assert len(supervisor.tokens) == 3


def test_without_any_broker_the_app_to_install_is_named(tmp_path: Path) -> None:
    with FakeSupervisor(None) as supervisor, pytest.raises(ConfigError, match="Mosquitto broker"):
        run(tmp_path, supervisor)


@pytest.mark.parametrize("answer", [{}, {"host": "h"}, {"host": "h", "port": "many"}])
def test_an_answer_that_makes_no_sense_is_no_broker(tmp_path: Path, answer: dict[str, Any]) -> None:
    with FakeSupervisor(answer) as supervisor, pytest.raises(ConfigError, match="no MQTT broker"):
        run(tmp_path, supervisor)


def test_a_broker_in_the_users_file_is_used_without_asking(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("mqtt: {host: 10.0.0.5}\nagent: {id: attic}\n")
    with FakeSupervisor(BROKER) as supervisor:
        prepared = run(tmp_path, supervisor, config_file="more.yaml")
    config = load(prepared.config_file, {}).config
    assert (config.mqtt.host, config.agent.id) == ("10.0.0.5", "attic")
    assert supervisor.tokens == []
    assert not (tmp_path / "mqtt_password").exists()


def test_a_path_in_the_users_file_counts_from_that_file(tmp_path: Path) -> None:
    more = "mqtt: {host: h, tls: {ca: ca.pem}}\n"
    (tmp_path / "more.yaml").write_text(more)
    with FakeSupervisor(BROKER) as supervisor:
        prepared = run(tmp_path, supervisor, config_file="more.yaml")
    tls = load(prepared.config_file, {}).config.mqtt.tls
    assert tls is not None
    assert tls.ca == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("absent.yaml", None, "No such file"),
        ("bad.yaml", "a: [", "bad.yaml"),
        ("l.yaml", "- 1", "keys"),
    ],
)
def test_a_users_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with FakeSupervisor(BROKER) as supervisor, pytest.raises(ConfigError, match=words):
        run(tmp_path, supervisor, config_file=name)


def test_without_options_it_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"options.json: No such file"):
        prepare({}, FakeClock(), threading.Event(), data=tmp_path)
