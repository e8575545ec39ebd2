"""A library that `strip` breaks stays as it is."""

from __future__ import annotations

import pytest

from script import lean

_WHOLE = "  LOAD 0x288800 0x0000000000289800 0x0000000000289800 0x133fe70 0x133fe70 R E 0x1000"
_MOVED = "  LOAD 0x1621098 0x000000000166b000 0x000000000166b000 0x000000 0x000000 RW  0x1000"


def test_segments_that_lie_right_can_be_loaded() -> None:
    assert lean.loadable(f"Program Headers:\n{_WHOLE}\n  DYNAMIC 0x1 0x2")


@pytest.mark.parametrize(
    "headers",
    [f"{_WHOLE}\n{_MOVED}", _WHOLE.replace("0x1000", "0x10000"), "There are no program headers."],
    ids=["moved", "larger pages", "nothing to load"],
)
def test_segments_that_lie_wrong_cannot(headers: str) -> None:
    assert not lean.loadable(headers)
