"""`script/advisories.py`: which advisory fits which version, by the rules of OSV's format."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "script/advisories.py"


def script() -> Any:  # noqa: ANN401  no package
    spec = importlib.util.spec_from_file_location("advisories", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def advisory(*events: dict[str, str], name: str = "Some_Package", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """One that is made up, for a package that is."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}
    return {"id": "TEST-1", "summary": "made up", "affected": [affected], **more}


FROM, TO, LAST = {"introduced": "1.2"}, {"fixed": "1.10"}, {"last_affected": "1.10"}


@pytest.mark.parametrize(
    ("version", "events", "fits"),
    [
        ("1.9", (FROM, TO), True),
        ("1.2", (FROM, TO), True),
        ("1.1", (FROM, TO), False),
        ("1.10", (FROM, TO), False),
        ("1.10", (FROM, LAST), True),
        ("1.10.1", (FROM, LAST), False),
        ("3.1", (FROM, TO, {"introduced": "3.0"}), True),
        ("2.0", (FROM, TO, {"introduced": "3.0"}), False),
        ("0.1", ({"introduced": "0"},), True),
    ],
)
def test_a_version_is_affected_between_two_events(
    version: str, events: tuple[dict[str, str], ...], *, fits: bool
) -> None:
    found = script().found_in([advisory(*events)], {"some-package": version})
    assert bool(found) is fits


def test_withdrawn_and_other_packages_do_not_count() -> None:
    known = {"some-package": "1.5"}
    withdrawn = advisory(FROM, withdrawn="2026-01-01T00:00:00Z")
    assert script().found_in([withdrawn, advisory(FROM, name="other")], known) == []


def test_the_exit_says_whether_something_fits(tmp_path: Path) -> None:
    def run() -> int:
        command = [sys.executable, str(SCRIPT), str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode

    assert run() == 2, "an empty folder proves nothing"
    (tmp_path / "a.json").write_text(json.dumps(advisory(FROM)))
    assert run() == 0
    (tmp_path / "b.json").write_text(json.dumps(advisory({"introduced": "0"}, name="numpy")))
    assert run() == 1
