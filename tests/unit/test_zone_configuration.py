"""Zones and privacy polygons in the configuration: each mistake with its key and line."""

from pathlib import Path

import pytest

from agent.config.loader import load
from agent.core.errors import ConfigError

HEAD = 'cameras:\n  yard:\n    source: "hk://10.0.0.9"\n'
SQUARE = "[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]"


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "config.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return str(caught.value).splitlines()[1:]


def test_zones_and_privacy_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"{HEAD}    zones:\n      door: {{polygon: {SQUARE}}}\n    privacy: [{SQUARE}]\n"
    )
    camera = load(path, {}).config.cameras["yard"]
    assert camera.zones["door"].mode == "look"
    assert camera.privacy == (((0.1, 0.1), (0.4, 0.1), (0.4, 0.4)),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "    zones:\n      door: {polygon: [[0.1, 0.1], [640, 0.4], [0.4, 0.1]]}\n",
            "config.yaml:5: cameras.yard.zones.door.polygon: the corner [640, 0.4] is not [x, y]",
        ),
        (
            f"    zones:\n      Door: {{polygon: {SQUARE}}}\n",
            "config.yaml:5: cameras.yard.zones.Door: an id has small letters",
        ),
        (
            f"    zones:\n      door:\n        polygon: {SQUARE}\n        mod: ignore\n",
            "config.yaml:7: cameras.yard.zones.door.mod: no such key; did you mean mode?",
        ),
        (
            "    privacy: [[0, 0], [1, 0], [1, 1]]\n",
            "config.yaml:4: cameras.yard.privacy.0: a polygon needs at least 3 corners",
        ),
    ],
)
def test_a_mistake_is_named_once_with_its_key_and_line(
    tmp_path: Path, text: str, words: str
) -> None:
    found = mistakes(tmp_path, text)
    assert found[0].strip().startswith(words)
    assert len({line.split(": ")[1] for line in found}) == len(found)
