from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.messages import Publish, state
from tests.support.ha_rules import complaints

GOOD: dict[str, Any] = {
    "dev": {"ids": ["x"], "name": "X"},
    "o": {"name": "o"},
    "cmps": {
        "a": {
            "p": "sensor",
            "uniq_id": "u",
            "def_ent_id": "sensor.x_a",
            "name": "A",
            "stat_t": "t",
        }
    },
}


def payload(content: dict[str, Any]) -> Publish:
    return state("homeassistant/device/x/config", json.dumps(content))


def with_component(**changes: Any) -> Publish:  # noqa: ANN401  JSON
    component = {**GOOD["cmps"]["a"], **changes}
    kept = {key: value for key, value in component.items() if value is not None}
    return payload({**GOOD, "cmps": {"a": kept}})


def test_a_good_payload_passes() -> None:
    assert complaints([payload(GOOD)]) == []


@pytest.mark.parametrize(
    "content",
    [
        {**GOOD, "~": "t"},
        {**GOOD, "retain": True},
        {**GOOD, "o": {}},
        {**GOOD, "o": {"name": "o", "sw_version": "1"}},
        {**GOOD, "o": {"name": "o", "url": "docs"}},
        {**GOOD, "dev": {"name": "X"}},
        {**GOOD, "dev": {"ids": ["x"], "model": "m"}},
        {**GOOD, "dev": {"ids": ["x"], "via_device": "unknown"}},
        {**GOOD, "qos": 3},
        {**GOOD, "cmps": {}},
        {**GOOD, "cmps": {"a b": GOOD["cmps"]["a"]}},
    ],
)
def test_what_costs_the_whole_device_is_found(content: dict[str, Any]) -> None:
    assert complaints([payload(content)])


@pytest.mark.parametrize(
    "changes",
    [
        {"p": None},
        {"p": "media_player"},
        {"uniq_id": None},
        {"stat_t": None},
        {"object_id": "x"},
        {"ret": True},
        {"ent_cat": "config"},
        {"dev_cla": "enum"},
        {"ops": ["a"]},
        {"dev_cla": "enum", "ops": ["a"], "unit_of_meas": "s"},
        {"dev_cla": "duration"},
        {"dev_cla": "motion"},
        {"def_ent_id": "switch.x_a"},
        {"name": "X a"},
        {"name": None},
        {"ic": "home"},
        {"avty": [{"t": "a"}, {"t": "b"}]},
        {"p": "number", "def_ent_id": "number.x_a", "cmd_t": "c", "min": 1, "max": 1, "step": 1},
        {"p": "number", "def_ent_id": "number.x_a", "cmd_t": "c", "min": 0, "max": 1, "step": 1e-4},
    ],
)
def test_what_costs_the_entity_or_its_user_is_found(changes: dict[str, Any]) -> None:
    assert complaints([with_component(**changes)])


def test_a_unique_id_that_is_used_twice_is_found() -> None:
    other = state("homeassistant/device/y/config", payload(GOOD).payload)
    assert complaints([payload(GOOD), other])


def test_a_payload_that_is_not_retained_is_found() -> None:
    assert complaints([Publish("homeassistant/device/x/config", payload(GOOD).payload)])
