"""docs/how-to/other-homes.md: a flow that Node-RED can import, and topics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.observer import channel_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "other-homes.md").read_text()
#: What Node-RED brings itself: nothing has to be installed first.
CORE = {
    *("tab", "mqtt-broker", "mqtt in", "mqtt out", "switch", "template", "http request"),
    *("change", "inject", "debug"),
}
OPENHAB = "".join(re.findall(r"```java\n(.*?)```", PAGE, re.DOTALL))


def flow() -> list[dict[str, Any]]:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def check(topic: str, *, command: bool) -> None:
    channel = channel_of(topic.replace("+", "front_door"))
    assert channel is not None, topic
    assert channel.command is command, topic


def test_the_flow_is_whole() -> None:
    nodes = {node["id"]: node for node in flow()}
    assert len(nodes) == len(flow())
    assert {node["type"] for node in nodes.values()} <= CORE
    for node in nodes.values():
        assert {to for wire in node.get("wires", []) for to in wire} <= set(nodes)
        assert node.get("z", "tab") == "tab"
        if "broker" in node and node["type"] != "mqtt-broker":
            assert nodes[node["broker"]]["type"] == "mqtt-broker"
    wired = {to for node in nodes.values() for wire in node.get("wires", []) for to in wire}
    begins = {"tab", "mqtt-broker", "mqtt in", "inject"}
    assert all(name in wired or node["type"] in begins for name, node in nodes.items())


@pytest.mark.parametrize("node", [node for node in flow() if node["type"].startswith("mqtt ")])
def test_each_topic_of_the_flow_exists(node: dict[str, Any]) -> None:
    check(node["topic"], command=node["type"] == "mqtt out")
    assert node.get("retain", "false") == "false"


@pytest.mark.parametrize("key", ["stateTopic", "commandTopic", "availabilityTopic"])
def test_each_topic_of_openhab_exists(key: str) -> None:
    topics = re.findall(rf'{key}="([^"]+)"', OPENHAB)
    assert topics
    for topic in topics:
        check(topic, command=key == "commandTopic")


def test_the_rule_of_openhab_names_a_channel_and_an_event_that_there_are() -> None:
    ((thing, channel, event),) = re.findall(
        r'Channel "mqtt:topic:home:(\w+):(\w+)" triggered (\w+)', OPENHAB
    )
    assert f"Thing topic {thing} " in OPENHAB
    topic = re.search(rf"Type trigger\s*: {channel} .*stateTopic=\"([^\"]+)\"", OPENHAB)
    assert topic is not None
    found = channel_of(topic[1])
    assert found is not None
    assert event in found.summary


def test_each_topic_in_the_words_of_the_page_exists() -> None:
    for name in re.findall(r"`<([AC])>/([^`]+)`", PAGE):
        root = "surveillance/pi" if name[0] == "A" else "surveillance/pi/front_door"
        assert channel_of(f"{root}/{name[1]}") is not None, name
    for topic in re.findall(r"-t (surveillance/\S+)", PAGE):
        check(topic, command=True)
