"""Waiting for what does not come."""

import pytest

from tests.support import waiting
from tests.support.waiting import ENOUGH, wait_until


def test_after_some_waits_in_vain_the_later_ones_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PATIENCE": 0.01, "SHORT": 0.02, "_vain": 0}.items():
        monkeypatch.setattr(waiting, name, value)
    for _ in range(ENOUGH):
        with pytest.raises(AssertionError, match=r"not within 0\.01 s: a thing"):
            wait_until("a thing", lambda: None, 0.01)
    with pytest.raises(AssertionError, match=r"not within 0\.02 s: a thing"):
        wait_until("a thing", lambda: None, 3600.0)
    with pytest.raises(AssertionError, match=r"not within 0\.001 s"):
        wait_until("what was short before", lambda: None, 0.001)
