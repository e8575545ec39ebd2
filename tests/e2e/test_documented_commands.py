"""Every mosquitto line of docs/mqtt.md does what it says, against the real agent."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent_process import TOPICS, House
from tests.support.broker import Broker
from tests.support.needs import need
from tests.support.observer import Observer
from tests.support.waiting import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mqtt.md"
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for line in block.splitlines()
]
DOOR = TOPICS.camera("front_door")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("" if shutil.which("mosquitto_rr") else "mosquitto-clients is not installed")
    return tmp_path_factory.mktemp("documented")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Observer]:
    """The agent of the page: `pi`, with its camera `front_door`; the clients find its broker."""
    broker = Broker(folder).start()
    for program in ("pub", "sub", "rr"):
        (folder / f"mosquitto_{program}").write_text(f"-p {broker.port}\n")
    with House(folder, broker.port) as house, Observer(broker.port) as observer:
        house.config["cameras"] = {"front_door": house.config["cameras"]["yard"]}
        house.simulate()
        house.agent()
        wait_until("frames", lambda: observer.payloads(DOOR.availability)[-1:] == [b"online"])
        observer.say(DOOR.snapshot_take, "PRESS")
        observer.wait_for(DOOR.snapshot)
        observer.wait_for(DOOR.event_motion)
        observer.heard.clear()
        yield observer
        assert observer.complaints == []
    broker.kill()


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the line as typed; a listener that would go on for ever stops at its first message."""
    if line.startswith("mosquitto_sub"):
        line = line.replace("mosquitto_sub", "mosquitto_sub -W 30", 1)
        line = line if " -C " in line else line.replace("mosquitto_sub", "mosquitto_sub -C 1", 1)
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=40,
        cwd=folder,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("mosquitto_pub")])
def test_a_documented_command_is_obeyed(running: Observer, folder: Path, line: str) -> None:
    def answers() -> list[bytes]:
        return [heard.payload for heard in running.heard if "/response/" in heard.topic]

    before = len(answers())
    done = shell(line, folder)
    assert (done.returncode, done.stderr) == (0, "")
    if " -n " in line:  # clears a message that the broker keeps: nobody answers
        return
    answer = json.loads(wait_until("an answer", lambda: answers()[before:])[0])
    assert answer["ok"] is True, answer


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith("mosquitto_pub")])
def test_a_documented_question_is_answered(running: Observer, folder: Path, line: str) -> None:
    done = shell(line, folder)
    assert (done.returncode, done.stderr) == (0, ""), line
    if line.endswith("snapshot.jpg"):
        assert (folder / "snapshot.jpg").read_bytes().startswith(b"\xff\xd8")
    elif line.startswith("mosquitto_rr"):
        assert json.loads(done.stdout)["ok"] is True
    else:
        assert done.stdout.strip()
    assert running.judged


def test_a_clip_on_demand_is_stored_and_names_no_motion(running: Observer, folder: Path) -> None:
    running.say(DOOR.setting_set("armed"), "OFF")
    wait_until("disarmed", lambda: running.payloads(DOOR.setting_state("armed"))[-1] == b"OFF")
    wait_until("idle", lambda: running.payloads(DOOR.recording)[-1:] in ([b"OFF"], []))
    answered = len(running.of(TOPICS.response("record")))
    running.say(TOPICS.request("record"), '{"seconds": 2, "transaction": 7}')
    answer = json.loads(running.wait_for(TOPICS.response("record"), answered + 1).payload)
    assert (answer["ok"], answer["transaction"]) == (True, 7)

    def saved() -> list[dict[str, object]]:
        told = [json.loads(payload) for payload in running.payloads(DOOR.event_recording)]
        return [event for event in told if event["id"] == answer["data"]["id"]]

    (event,) = wait_until("it is stored", saved)
    assert event["event_type"] == "recording_saved"
    assert event.get("motion_id") is None
    clip = folder / "store" / str(event["path"])
    assert clip.stat().st_size == event["size_bytes"]
    running.say(DOOR.setting_set("armed"), "ON")
