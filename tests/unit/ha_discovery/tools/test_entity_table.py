"""docs/how-to/home-assistant.md lists the entities as they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ha_discovery.tools.entity_table import entity_table

PAGE = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "home-assistant.md"


def test_the_documented_entities_are_the_published_ones() -> None:
    text = PAGE.read_text()
    wanted = f"<!-- begin entities -->\n\n{entity_table()}\n\n<!-- end -->"
    current = re.sub(
        r"<!-- begin entities -->.*?<!-- end -->", lambda _: wanted, text, flags=re.DOTALL
    )
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(current)
    assert current == PAGE.read_text(), "UPDATE_GOLDEN=1 writes it anew; review the difference"


def test_every_entity_has_a_name_and_a_platform() -> None:
    rows = [line for line in entity_table().splitlines() if line.startswith("| ")]
    assert all("|  |" not in row.rsplit("|", 2)[0] for row in rows)
    assert any("| Motion | binary_sensor | `motion` |" in row for row in rows)
