"""The documented automations, held against what makes Home Assistant's states change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ha_edges import complaints

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "home-assistant.md").read_text()
BLUEPRINT = ROOT / "blueprints" / "automation" / "surveillance_agent" / "motion_notify.yaml"
DOCUMENTED = [
    yaml.safe_load(text) for text in re.findall(r"```yaml\n# automation\n(.*?)```", PAGE, re.DOTALL)
]


class _Loader(yaml.SafeLoader):
    """Knows `!input`."""


_Loader.add_constructor("!input", lambda _loader, node: f"!input {node.value}")


def blueprint() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(BLUEPRINT.read_text(), _Loader)  # noqa: S506  a SafeLoader
    return found


def automation(trigger: dict[str, Any], *conditions: str, **more: object) -> dict[str, Any]:
    return {"triggers": [trigger], "conditions": list(conditions), "actions": [], **more}


def state(entity: str, **more: object) -> dict[str, Any]:
    return {"trigger": "state", "entity_id": entity, **more}


@pytest.mark.parametrize("content", DOCUMENTED, ids=lambda content: content["alias"])
def test_a_documented_automation_runs_for_news_only(content: dict[str, Any]) -> None:
    if "use_blueprint" not in content:
        assert complaints(content, "front_door") == []


def test_the_blueprint_runs_for_news_only() -> None:
    content = blueprint()
    assert complaints(content, "") == []
    *events, button = content["triggers"]
    assert {event["trigger"] for event in events} == {"template"}
    assert (button["trigger"], button["event_type"]) == ("event", "mobile_app_notification_action")


def steps(actions: object) -> Iterator[object]:
    """Every step of a sequence, and of those within it."""
    for step in actions if isinstance(actions, list) else ():
        yield step
        if isinstance(step, dict):
            for within in ("then", "else", "sequence", "default"):
                yield from steps(step.get(within))


@pytest.mark.parametrize(
    "content", [*DOCUMENTED, blueprint()], ids=lambda content: str(content)[:40]
)
def test_a_step_is_a_mapping(content: dict[str, Any]) -> None:
    """A condition may be a bare template; among actions that costs the whole automation."""
    assert [step for step in steps(content.get("actions")) if not isinstance(step, dict)] == []


def test_the_blueprint_needs_no_input_that_earlier_automations_do_not_give() -> None:
    inputs = blueprint()["blueprint"]["input"]
    needed = {name for name, content in inputs.items() if "default" not in content}
    assert needed == {"picture", "recording", "notify"}


def test_the_documented_automation_fills_the_blueprint_in() -> None:
    found = [each["use_blueprint"] for each in DOCUMENTED if "use_blueprint" in each]
    inputs = blueprint()["blueprint"]["input"]
    assert len(found) == 2
    for used in found:
        assert set(used["input"]) <= set(inputs)
        file = Path(used["path"])
        assert (BLUEPRINT.parent.name, BLUEPRINT.name) == (file.parent.name, file.name)


NEW_ID = "trigger.to_state.attributes.id != trigger.from_state.attributes.id"
NEWS = (
    "{{ trigger.to_state.attributes.event_type == 'motion_started' }}",
    f"{{{{ trigger.from_state.state != 'unavailable' and {NEW_ID} }}}}",
)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (automation(state("image.door_motion_snapshot")), "time"),
        (automation(state("button.door_take_snapshot")), "time"),
        (automation(state("event.door_motion_event"), NEWS[0]), "unavailable"),
        (automation(state("event.door_motion_event"), NEWS[1]), "types"),
        (automation(state("event.door_motion_event", not_to="unknown"), *NEWS), "millisecond"),
        (automation(state("binary_sensor.door_motion", to="on")), "from what"),
        (automation(state("sensor.door_last_motion")), "from what"),
        (automation({"trigger": "mqtt", "topic": "a/b/door/motion/state"}), "retained"),
        (
            automation(state("event.door_motion_event"), *NEWS, actions=[{"delay": 60}]),
            "parallel",
        ),
    ],
)
def test_what_changes_without_news_is_complained_of(content: dict[str, Any], word: str) -> None:
    found = complaints(content, "door")
    assert any(word in complaint for complaint in found), found


def test_what_only_changes_with_news_is_not_complained_of() -> None:
    for content in (
        automation(state("event.door_motion_event"), *NEWS),
        automation(state("binary_sensor.door_motion", **{"from": "off", "to": "on"})),
        automation(state("binary_sensor.other_motion", to="on")),
        automation({"trigger": "mqtt", "topic": "a/b/door/event/motion"}),
    ):
        assert complaints(content, "door") == []
