"""docs/explanation/complaints.md names tests that exist, for every cluster."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "explanation" / "complaints.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
}


def test_all_clusters_are_answered() -> None:
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 27))


def test_every_cluster_names_tests_that_exist() -> None:
    for row in ROWS:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named, row
        assert named <= TESTS, named - TESTS
