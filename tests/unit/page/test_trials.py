"""A trial's child: whatever it says, the trial ends."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from agent.page import trials
from agent.page.trials import Trials
from agent.tuning import trial
from schemas.page import JobView


@pytest.mark.parametrize(
    "line",
    ['{"done": 1}', "{}", "[" * 2000, "[]", "7", '{"done": [], "total": 1}', "x", '{"result": 7}'],
)
def test_a_child_that_speaks_nonsense_is_a_trial_that_failed(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    def child() -> subprocess.Popen[bytes]:
        code = f"import sys; sys.stdin.read(); print({line!r})"
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-S", "-c", code], stdin=pipe, stdout=pipe)

    monkeypatch.setattr(trials, "_child", child)

    async def main() -> JobView | None:
        known = Trials()
        begun = known.begin({})
        assert known._running is not None
        await known._running
        known.close()
        return known.find(begun.id)

    view = asyncio.run(main())
    assert view is not None
    assert view.state == "failed"
    assert view.message


def test_a_clip_that_opencv_refuses_is_skipped_and_the_others_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def clips_of(_task: dict[str, Any]) -> list[tuple[dict[str, Any], Path]]:
        return [({"id": n, "started_local": "2026-11-22T13:00:00"}, Path(n)) for n in ("1", "2")]

    def judged(path: Path, _variants: object) -> list[bool]:
        if path.name == "1":
            raise cv2.error("assertion failed")
        return [True]

    monkeypatch.setattr(trial, "clips_of", clips_of)
    monkeypatch.setattr(trial, "judged", judged)
    out = io.StringIO()
    trial.run({"variants": []}, out)
    result = json.loads(out.getvalue().splitlines()[-1])["result"]
    assert result["skipped"] == 1
    assert [event["id"] for event in result["events"]] == ["2"]
