"""A broker that refuses some of the agent's subscriptions or messages: the agent says which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.mqtt.command_topics import slip_filters
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import CAMERA, TOPICS, YARD, House
from tests.support.broker import Broker, write_passwords
from tests.support.needs import need
from tests.support.waiting import wait_until

KEEP = f"{TOPICS.root}/+/+/keep"


def denied(kind: str, topics: list[str]) -> list[dict[str, object]]:
    return [{"acltype": kind, "topic": topic, "priority": 1, "allow": False} for topic in topics]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Mosquitto with dynamic security: everybody may do everything but a few things."""
    found = sorted(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
    need("" if found else "this Mosquitto has no plugin for dynamic security")
    acls = denied("subscribeLiteral", [KEEP, *slip_filters(TOPICS)])
    acls += denied("publishClientSend", [YARD.availability])
    kinds = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
    rights = {
        "defaultACLAccess": dict.fromkeys(kinds, True),
        "roles": [{"rolename": "all", "acls": acls}],
        "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
        "anonymousGroup": "all",
        "clients": [],
    }
    (tmp_path / "rights.json").write_text(json.dumps(rights))
    lines = ["allow_anonymous true", f"plugin {found[0]}"]
    made = Broker(tmp_path, [*lines, f"plugin_opt_config_file {tmp_path / 'rights.json'}"]).start()
    yield made
    made.kill()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_the_broker_refuses_is_named_in_log_and_health(
    house: House, ear: Ear, protocol: str
) -> None:
    house.config["mqtt"]["protocol"] = protocol
    house.config["cameras"]["yard"]["source"] = "demo:"
    agent = house.agent()
    agent.wait_for_line("yard: live")
    assert f"does not let us subscribe to {KEEP}: check its ACL" in agent.log
    assert not any(f"subscribe to {slip}:" in agent.log for slip in slip_filters(TOPICS))
    wait_until(
        "health says so",
        lambda: any(b'"broker_rights"' in told for told in ear.payloads(TOPICS.health)),
    )
    line = f"broker_rights: the broker refuses subscriptions, nothing is heard on {KEEP}; give"
    assert line in house.command("health").stdout
    if protocol == "5":  # the older one has no word for it
        agent.wait_for_line(f"not accept a message to {YARD.availability}: Not authorized")
    ear.say(YARD.setting_set("armed"), "OFF")
    ear.wait_for(YARD.response("armed"))
    assert agent.stop() == 0


def test_home_assistant_is_cleaned_at_a_broker_with_users(tmp_path: Path) -> None:
    login = {"username": "pi", "password": "r1ght"}
    write_passwords(tmp_path / "passwords", login)
    lines = ["allow_anonymous false", f"password_file {tmp_path / 'passwords'}"]
    broker = Broker(tmp_path, lines).start()
    topic = TOPICS.discovery("homeassistant", CAMERA)
    with House(tmp_path, broker.port) as house, Ear(broker.port, "homeassistant/#", **login) as ear:
        house.config["mqtt"] |= login
        done = house.command("discovery", "--clean")
        assert (done.returncode, done.stderr) == (0, "")
        ear.wait_for(topic)
        house.config["mqtt"] |= {"password": "wr0ng"}
        refused = house.command("discovery", "--clean")
        assert refused.returncode == 2
        assert "not authori" in refused.stderr.lower()
        assert "wr0ng" not in refused.stderr
    broker.kill()
