"""Whatever code a user can meet in a message has a line in docs/how-to/troubleshooting.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from agent.core.messages import CameraCode, EndReason, Reason
from agent.core.store_code import StoreCode
from schemas.commands import ErrorCode

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
SOURCES = {path: path.read_text() for path in (ROOT / "agent").rglob("*.py")}
#: Codes are written as literals at these places.
PLACES = {
    r'\btell\(Kind\.\w+, "(\w+)"': "",
    r'_lose_all_of\([^"]*"(\w+)"': "",
    r'\bfault\([^"]*"\w+", "(\w+)"': "",
    r'RecordingFailed\([^")]*"(\w+)"': "",
    r'_lose\([^"]*"(\w+)", f?"the spool': "",
    r'0x[0-9A-F]{2}: \(\s*"(\w+)"': "broker_",
    r'\bWhy\("(\w+)"': "broker_",
    r'_answer\(answers, "(\w+)"': "audio_",
    r'Answer\("(\w+)", ': "audio_",
    r'"(\w+)": self\.(?:frozen|dark|blurred|shifted)': "",
}
#: These say that all is well, or that it was meant so.
FINE = {
    "camera_live",
    "camera_disabled",
    "camera_private",
    "store_ok",
    "store_starting",
    "store_not_configured",
}
FINE |= {"audio_ok", "audio_disabled"}


def codes() -> set[str]:
    found = {f"camera_{code.value}" for code in CameraCode}
    found |= {f"store_{code.value}" for code in StoreCode}
    found |= {*get_args(ErrorCode), *(end.value for end in EndReason), *(r.value for r in Reason)}
    for pattern, prefix in PLACES.items():
        for text in SOURCES.values():
            found |= {prefix + code for code in re.findall(pattern, text)}
    return found - FINE


@pytest.mark.parametrize("code", sorted(codes()))
def test_a_code_has_a_line(code: str) -> None:
    assert re.search(rf"^\|[^|]*`(?:…_)?{code}`", PAGE, re.MULTILINE)


@pytest.mark.parametrize("place", PLACES)
def test_codes_are_still_found_where_they_are_written(place: str) -> None:
    assert any(re.search(place, text) for text in SOURCES.values())
