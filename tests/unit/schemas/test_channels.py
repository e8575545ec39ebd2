"""The table of all topics, and what is generated out of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from paho.mqtt.client import topic_matches_sub

from agent.mqtt.command_topics import command_filters, command_topics, slip_filters
from schemas.channels import CHANNELS, COMMANDS, PLACEHOLDERS, REQUESTS
from schemas.settings import AgentSettings, CameraSettings, setting_names
from schemas.tools import asyncapi, mqtt_page
from schemas.topics import OPERATIONS, AgentTopics, CameraTopics
from tests.support.observer import channel_of

DOCUMENT = asyncapi.document("1.0.0")
TOPICS = AgentTopics("b", "pi")


def topics_of(owner: AgentTopics | CameraTopics) -> set[str]:
    """The values of all properties, but for the root."""
    names = [n for n, value in vars(type(owner)).items() if isinstance(value, property)]
    return {getattr(owner, name) for name in names if name != "root"}


def test_every_topic_has_its_channel() -> None:
    known = topics_of(TOPICS) | topics_of(TOPICS.camera("yard"))
    known |= {TOPICS.setting_state(name) for name in setting_names(AgentSettings)}
    known |= {TOPICS.camera("yard").setting_state(name) for name in setting_names(CameraSettings)}
    known |= {TOPICS.response("restart"), TOPICS.camera("yard").response("armed")}
    assert {topic for topic in known if channel_of(topic) is None} == set()


def test_what_the_agent_subscribes_to_is_documented_as_commands() -> None:
    found = {topic: channel_of(topic) for topic in command_topics(TOPICS, ["yard"])}
    assert all(channel is not None and channel.command for channel in found.values()), found
    assert set(REQUESTS) == set(OPERATIONS)
    assert {channel.name for channel in found.values() if channel} == {c.name for c in COMMANDS}


def test_the_subscriptions_hold_every_command_and_nothing_that_the_agent_says() -> None:
    yard, commands = TOPICS.camera("yard"), set(command_topics(TOPICS, ["yard"]))
    topics = commands | topics_of(TOPICS) | topics_of(yard)
    topics |= {TOPICS.setting_state("x"), yard.setting_state("x")}
    topics |= {TOPICS.response("x"), yard.response("x")}
    filters = command_filters(TOPICS)
    assert {t for t in topics if any(topic_matches_sub(f, t) for f in filters)} == commands


def test_what_is_heard_of_slips_is_nothing_that_the_agent_says_and_no_command_twice() -> None:
    yard, slips = TOPICS.camera("yard"), slip_filters(TOPICS)
    said = topics_of(TOPICS) | topics_of(yard) | set(command_topics(TOPICS, ["yard"]))
    said |= {TOPICS.request(op) for op in OPERATIONS}
    for name in (*setting_names(CameraSettings), *setting_names(AgentSettings)):
        said |= {TOPICS.setting_state(name), yard.setting_state(name), yard.response(name)}
    assert [topic for topic in said for f in slips if topic_matches_sub(f, topic)] == []
    assert any(topic_matches_sub(f, f"{yard.root}/armed") for f in slips)


def test_names_and_topics_are_given_once() -> None:
    assert len({channel.name for channel in CHANNELS}) == len(CHANNELS)
    assert len({channel.topic for channel in CHANNELS}) == len(CHANNELS)


def references(value: Any) -> list[str]:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for inner in value.values() for ref in references(inner)]
    return [ref for inner in value for ref in references(inner)] if isinstance(value, list) else []


def test_the_document_refers_only_to_what_it_has() -> None:
    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_the_documents_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_channel_has_a_direction_and_its_parameters() -> None:
    for name, channel in DOCUMENT["channels"].items():
        operation = DOCUMENT["operations"][name]
        assert operation["action"] in {"send", "receive"}
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
        assert set(channel["parameters"]) <= set(PLACEHOLDERS)
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_a_page_without_marks_stays_as_it_is() -> None:
    assert mqtt_page.filled("# by hand\n") == "# by hand\n"


def test_a_mark_that_nobody_fills_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        mqtt_page.filled("<!-- begin nonsense -->\n<!-- end -->\n")


def test_filling_twice_changes_nothing() -> None:
    page = "".join(f"<!-- begin {name} -->\n<!-- end -->\n" for name in mqtt_page.PARTS)
    once = mqtt_page.filled(page)
    assert once != page
    assert mqtt_page.filled(once) == once


def test_every_topic_is_on_the_page() -> None:
    page = mqtt_page.filled("".join(f"<!-- begin {n} -->\n<!-- end -->\n" for n in mqtt_page.PARTS))
    missing = [channel.name for channel in CHANNELS if channel.summary not in page]
    assert missing == []
