from __future__ import annotations

from typing import Any

from agent.config.diff import Changes, changes_between, with_cameras_of
from schemas.config import Config


def config(**cameras: dict[str, Any]) -> Config:
    return Config.model_validate(
        {"cameras": {n: {"source": "demo:", **c} for n, c in cameras.items()}}
    )


def test_the_same_configuration_changes_nothing() -> None:
    assert changes_between(config(yard={}), config(yard={})) == Changes()
    assert Changes().text == "no camera changed"


def test_cameras_are_told_by_what_happens_to_them() -> None:
    old = config(yard={}, porch={}, shed={})
    new = config(porch={"rotate": 180}, shed={}, lane={})
    change = changes_between(old, new)
    assert change == Changes(added=("lane",), changed=("porch",), removed=("yard",))
    assert change.renewed == ("lane", "porch")
    assert change.ended == ("yard", "porch")
    assert change.text == "added lane; changed porch; removed yard"


def test_what_belongs_to_no_camera_is_named_and_not_taken_over() -> None:
    old = config(yard={})
    new = Config.model_validate(
        {
            "mqtt": {"host": "broker"},
            "beep": {"enabled": False},
            "cameras": {"lane": {"source": "demo:"}},
        }
    )
    assert changes_between(old, new).elsewhere == ("mqtt", "beep")
    taken = with_cameras_of(old, new)
    assert list(taken.cameras) == ["lane"]
    assert taken.mqtt == old.mqtt
