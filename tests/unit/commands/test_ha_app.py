"""The options of the app's page become a configuration; the app's folder fits the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import __version__
from agent.commands.ha_app import DATA, USER_FILES, configuration
from agent.config.loader import load
from agent.core.errors import ConfigError
from schemas.config import Config

APP = Path(__file__).resolve().parents[3] / "homeassistant-app"
BROKER = {
    "host": "core-mosquitto",
    "port": 1883,
    "username": "addons",
    "password": "s3cret",
    "ssl": False,
}


def page() -> dict[str, Any]:
    """config.yaml of the app."""
    read: dict[str, Any] = yaml.safe_load((APP / "config.yaml").read_text())
    return read


def options(**changes: object) -> dict[str, Any]:
    return {**page()["options"], **changes}


def made(given: dict[str, Any], base: dict[str, Any] | None = None) -> Config:
    tree = configuration(given, BROKER, base or {}, DATA, USER_FILES)
    return Config.model_validate(tree)


def test_the_default_options_are_a_good_configuration() -> None:
    config = made(options())
    assert config.agent.state_dir == DATA
    assert (config.mqtt.host, config.mqtt.port) == ("core-mosquitto", 1883)
    assert config.mqtt.username == "addons"
    assert config.mqtt.password is None
    assert config.mqtt.password_file == DATA / "mqtt_password"
    assert config.store is not None
    assert config.store.path == Path("/media/surveillance")
    assert config.cameras["front_door"].source == "hk://192.168.1.2"
    assert config.beep.enabled is False


def test_every_option_arrives() -> None:
    camera = {
        "id": "yard",
        "source": "hk://10.0.0.9",
        "name": "Yard",
        "rotate": "180",
        "mask": "yard.png",
    }
    config = made(
        options(
            cameras=[camera],
            store_path="/media/nas/yard",
            retention_days=9,
            publish_images=False,
        )
    )
    yard = config.cameras["yard"]
    assert (yard.name, yard.rotate, yard.mask) == ("Yard", 180, USER_FILES / "yard.png")
    assert config.store is not None
    assert (config.store.path, config.store.retention_days) == (Path("/media/nas/yard"), 9)
    assert config.mqtt.publish_images is False


def test_the_users_file_adds_keys_and_the_options_win() -> None:
    base = {
        "mqtt": {"keepalive": 15, "publish_images": True},
        "cameras": {"front_door": {"source": "hk://1.1.1.1", "detection": {"pixel_threshold": 33}}},
    }
    config = made(options(publish_images=False), base)
    assert config.mqtt.keepalive == 15
    assert config.mqtt.publish_images is False
    assert config.cameras["front_door"].source == "hk://192.168.1.2"
    assert config.cameras["front_door"].detection.pixel_threshold == 33


def test_a_broker_with_tls_is_asked_with_tls() -> None:
    tree = configuration(options(), {**BROKER, "ssl": True}, {}, DATA, USER_FILES)
    assert Config.model_validate(tree).mqtt.tls is not None


def test_the_users_own_broker_is_left_alone() -> None:
    base = {"mqtt": {"host": "10.0.0.5", "username": "me", "password": "x"}}
    config = Config.model_validate(configuration(options(), None, base, DATA, USER_FILES))
    assert (config.mqtt.host, config.mqtt.username) == ("10.0.0.5", "me")
    assert config.mqtt.password_file is None


@pytest.mark.parametrize("mask", ["../secret.png", "/etc/passwd", "a/../../b.png"])
def test_a_mask_is_a_file_of_the_apps_own_folder(mask: str) -> None:
    camera = {"id": "yard", "source": "hk://10.0.0.9", "mask": mask}
    with pytest.raises(ConfigError, match="without"):
        made(options(cameras=[camera]))


def test_a_part_of_the_users_file_that_is_no_mapping_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="mqtt: must be keys"):
        made(options(), {"mqtt": "10.0.0.5"})


def test_the_app_has_the_agents_version() -> None:
    assert page()["version"] == __version__


def test_every_option_of_the_page_has_a_name_and_every_default_a_type() -> None:
    words = yaml.safe_load((APP / "translations" / "en.yaml").read_text())["configuration"]
    schema = page()["schema"]
    assert set(words) == set(schema)
    assert set(page()["options"]) <= set(schema)
    optional = {key for key, kind in schema.items() if isinstance(kind, str) and "?" in kind}
    assert set(page()["options"]) == set(schema) - optional


def test_the_pages_limits_are_those_of_the_configuration() -> None:
    limits = re.fullmatch(r"int\((\d+),(\d+)\)", page()["schema"]["retention_days"])
    assert limits is not None
    described = Config.model_json_schema()["$defs"]["StoreConfig"]["properties"]["retention_days"]
    assert [int(limit) for limit in limits.groups()] == [
        described["minimum"],
        described["maximum"],
    ]


def test_the_written_file_is_read_back_by_the_agent(tmp_path: Path) -> None:
    tree = configuration(options(), BROKER, {}, DATA, USER_FILES)
    file = tmp_path / "surveillance.yaml"
    file.write_text(yaml.safe_dump(tree))
    assert load(file, {}).config == Config.model_validate(tree)
