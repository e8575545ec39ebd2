"""The owner of the child: whatever the child does, it is bounded and told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from agent.core.owner_answers import ProposalMade
from agent.proposals import worker as module
from agent.proposals.worker import NAME, ProposalTask, ProposalWorker, task_box
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.waiting import PATIENCE, wait_until

GOOD = json.dumps({"camera": "yard", "kind": "min_changed", "text": "x", "yaml": "y"})


@contextmanager
def running(
    folder: Path,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    mask: str = "",
    cameras: Iterable[str] = ("yard",),
) -> Iterator[list[ProposalMade]]:
    """The worker with a child that runs this code; it is asked for one proposal of each camera."""

    def started(task: BinaryIO) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-S", "-c", code], stdin=task, stdout=pipe)

    monkeypatch.setattr(module, "_started", started)
    clock, told, tasks = SystemClock(), list[ProposalMade](), task_box()
    body = ProposalWorker(folder, tasks, told.append, clock)
    fatal: list[BaseException] = []
    worker = Worker("proposals", body.run, clock, lambda _name, error: fatal.append(error))
    worker.start()
    for camera in cameras:
        tasks.put(ProposalTask(camera, {"camera": camera, "mask": mask}))
    try:
        yield told
    finally:
        worker.halt()
        assert worker.join(PATIENCE), "it does not stop"
        for process in body._hung:
            process.wait(PATIENCE)
        assert not fatal


def test_what_the_child_says_is_told_kept_and_told_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"import sys; sys.stdin.read(); print({GOOD!r})"
    with running(tmp_path, code, monkeypatch) as told:
        wait_until("the proposal", lambda: told)
        made = told[0].proposal
        assert made is not None
        assert (made.kind, made.camera) == ("min_changed", "yard")
        assert made.ts is not None
    with running(tmp_path, code, monkeypatch) as told:
        wait_until("what was kept", lambda: told)
        kept = told[0].proposal
        assert kept is not None
        assert kept.model_dump(mode="json") == made.model_dump(mode="json")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('import sys; sys.stdin.read(); print(\'{"failed": "no such store"}\')', "no such store"),
        ("import sys; sys.exit(3)", "ended with 3"),
        ("print('x')", "Expecting value"),
        ("print('[]')", "said nothing"),
        ("print('[' * 60_000)", "recursion"),
        ("print('{\"camera\": 7}')", "camera"),
    ],
)
def test_a_child_that_fails_is_told_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    with running(tmp_path, code, monkeypatch) as told:
        wait_until("the failure", lambda: told)
    assert told[0].proposal is None
    assert words in told[0].error
    assert not (tmp_path / NAME).exists()


def test_a_child_that_takes_too_long_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LASTS", 0.0)
    with running(tmp_path, "import time; time.sleep(600)", monkeypatch) as told:
        wait_until("the failure", lambda: told)
    assert "too long" in told[0].error


def test_an_agent_that_ends_does_not_wait_for_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    code = f"import time; open({str(started)!r}, 'w'); time.sleep(600)"
    with running(tmp_path, code, monkeypatch) as told:
        wait_until("the child", started.exists)
    assert told == []


def test_what_is_asked_for_again_while_it_waits_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, sys; task = json.load(sys.stdin); "
    code += "print(json.dumps({'camera': task['camera']}))"
    cameras = [*["yard"] * 10, "gate", "yard", "door"]
    with running(tmp_path, code, monkeypatch, cameras=cameras) as told:
        wait_until("the last one", lambda: told and told[-1].camera == "door")
    assert {it.camera for it in told} == set(cameras)
    assert len(told) <= 4, "yard's once more if it had begun before the others came"


def test_a_large_mask_gets_to_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import json, sys; task = json.load(sys.stdin); "
    code += 'print(json.dumps({"failed": f"{len(task[\'mask\'])} letters"}))'
    with running(tmp_path, code, monkeypatch, "x" * 1_000_000) as told:
        wait_until("the answer", lambda: told)
    assert told[0].error == "1000000 letters"


def test_a_child_that_does_not_read_its_task_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    code = f"import time; open({str(started)!r}, 'w'); time.sleep(600)"
    with running(tmp_path, code, monkeypatch, "x" * 1_000_000) as told:
        wait_until("the child", started.exists)
    assert told == []


@pytest.mark.parametrize("content", ["x", "[]", '{"yard": 7}', "{" * 5000])
def test_a_file_that_is_damaged_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / NAME).write_text(content)
    code = f"import sys; sys.stdin.read(); print({GOOD!r})"
    with running(tmp_path, code, monkeypatch) as told:
        wait_until("the proposal", lambda: told)
    assert "min_changed" in (tmp_path / NAME).read_text()
