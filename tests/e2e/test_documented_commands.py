"""Each shell line of the pages that can run on any machine does what it says, typed as it is."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from http.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from schemas.channels import COMMANDS
from tests.support.agent_process import TOPICS, House, Process
from tests.support.alsa import SoundCard, need_portaudio
from tests.support.broker import Broker, free_port
from tests.support.documented import Line, lines, to_run
from tests.support.needs import need
from tests.support.observer import Observer, channel_of
from tests.support.waiting import wait_until

DOOR = TOPICS.camera("front_door")
TOKEN = "correct-horse-battery"  # noqa: S105  of the tests
LINES = to_run()
#: It ends the agent, and has a test of its own.
RESTART = f"mosquitto_pub -q 1 -t {TOPICS.restart} -m PRESS"
#: Seconds in which the agent plays at most one sound, or makes at most one picture on demand.
BETWEEN = 1.1
#: The exit code where there is no camera of the family on the network.
NONE_FOUND = 1

#: Of each program: the path that the page names, and a configuration for it.
IMPORTS = {
    "motion": ("/etc/motion/motion.conf", "netcam_url rtsp://192.0.2.10:554/sub\n"),
    "motioneye": ("/etc/motioneye/motion.conf", "netcam_url rtsp://192.0.2.10:554/sub\n"),
    "frigate": (
        "/config/config.yml",
        "cameras: {yard: {ffmpeg: {inputs: [{path: 'rtsp://192.0.2.10/sub', roles: [detect]}]}}}\n",
    ),
}


class Running(NamedTuple):
    """The agent of the pages, and what a user has next to it."""

    folder: Path
    programs: Path
    observer: Observer
    stand_ins: dict[str, str]  # what the pages name, and what it is here


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for program, package in (("mosquitto_rr", "mosquitto-clients"), ("curl", "curl"), ("jq", "jq")):
        need("" if shutil.which(program) else f"{package} is not installed")
    return tmp_path_factory.mktemp("documented")


def _programs(folder: Path, broker_port: int) -> None:
    """The agent's command, and clients that find the broker by themselves."""
    for program in ("pub", "sub", "rr"):
        (folder / f"mosquitto_{program}").write_text(f"-p {broker_port}\n")
    (folder / "bin").mkdir()
    command = folder / "bin" / "surveillance-agent"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m agent "$@"\n')
    command.chmod(0o755)
    mail = folder / "bin" / "mail"
    mail.write_text("#!/bin/sh\nexec cat >mailed\n")
    mail.chmod(0o755)


def _files(folder: Path, store: Path) -> None:
    """The files that the pages name, made of what was recorded."""
    (day,) = store.glob("front_door/2*")
    clip = next(day.glob("events/*.mp4"))
    shutil.copy(clip, folder / "walk.mp4")
    (folder / "frames").mkdir()
    for picture in day.glob("events/*_n*.jpg"):
        shutil.copy(picture, folder / "frames")
    shutil.copy(next(day.glob("events/*_n.jpg")), folder / "snapshot.jpg")
    (named,) = {path for line in LINES for path in re.findall(r"imagestore/\S+\.mp4", line.text)}
    (folder / named).parent.mkdir(parents=True)
    shutil.copy(day / f"{day.name}.mp4", folder / named)


def bell() -> bytes:
    """A quarter of a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 48_000, 0, "NONE", ""))
        writer.writeframes(b"\1\2" * 12_000)
    return file.getvalue()


@pytest.fixture(scope="module")
def nas(folder: Path) -> Iterator[str]:
    """A web server with the bell; its URL."""
    (folder / "bell.wav").write_bytes(bell())

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401  the server's own
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/bell.wav"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def running(folder: Path, nas: str) -> Iterator[Running]:
    """The agent `pi` with its camera `front_door`; one event of it is stored."""
    need_portaudio()
    broker = Broker(folder).start()
    page = free_port()
    _programs(folder, broker.port)
    with (
        pytest.MonkeyPatch.context() as patch,
        House(folder, broker.port) as house,
        Observer(broker.port) as observer,
    ):
        SoundCard(folder, patch).plug_in()
        house.config["beep"] = {"play_from": ["127.0.0.1"]}
        camera = {**house.config["cameras"]["yard"], "publish_scores": True}
        house.config["cameras"] = {"front_door": camera}
        house.config["page"] = {"port": page, "token": TOKEN}
        house.config["store"]["anchor_key"] = "auto"
        house.simulate()
        house.agent()
        wait_until("frames", lambda: observer.payloads(DOOR.availability)[-1:] == [b"online"])
        observer.say(DOOR.snapshot_take, "PRESS")
        observer.wait_for(DOOR.snapshot)
        observer.wait_for(DOOR.event_recording)
        observer.wait_for(DOOR.store_anchor)
        _files(folder, house.store)
        observer.heard.clear()
        state = folder / "state"
        yield Running(
            folder,
            folder / "bin",
            observer,
            {
                "/var/lib/surveillance-agent/anchor.json": f"{state}/anchor.json",
                "--key anchor.key": f"--key {state}/anchor.key",
                "-h broker ": "",
                "http://nas.local/bell.wav": nas,
                "/mnt/imagestore": str(house.store),
                ":8655/": f":{page}/",
                "--port 5000": f"--port {free_port()}",
            },
        )
        assert observer.complaints == []
    broker.kill()


def shell(running: Running, line: str) -> subprocess.CompletedProcess[str]:
    """Runs the line as typed; a listener that would go on for ever stops at its first message."""
    for theirs, ours in running.stand_ins.items():
        line = line.replace(theirs, ours)
    if line.startswith("mosquitto_sub"):
        line = line if " -W " in line else line.replace("mosquitto_sub", "mosquitto_sub -W 60", 1)
        line = line if " -C " in line else line.replace("mosquitto_sub", "mosquitto_sub -C 1", 1)
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=running.folder,
        env=_environment(running.folder, running.programs),
        check=False,
    )


def _environment(folder: Path, programs: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("SURVEILLANCE_")}
    path = f"{programs}:{os.environ['PATH']}"
    root = str(Path(__file__).resolve().parents[2])
    ours = {"PATH": path, "PYTHONPATH": root, "XDG_CONFIG_HOME": str(folder), "TOKEN": TOKEN}
    return {**kept, **ours, "TZ": "UTC"}


def _ready(running: Running, line: str) -> None:
    """As a person does: waits until no event runs, and until the last such command is over."""
    if re.search(r"/(beep|sound|overlay|snapshot|recording|record)\b", line):
        began = time.monotonic()
        wait_until("a second", lambda: time.monotonic() > began + BETWEEN)
    observer = running.observer
    if "record" in line:
        observer.say(DOOR.setting_set("armed"), "OFF")
        wait_until("idle", lambda: observer.payloads(DOOR.recording)[-1:] in ([b"OFF"], []))


def obeyed(running: Running, line: str) -> None:
    """A command is answered with success."""
    _ready(running, line)

    def answers() -> list[bytes]:
        return [heard.payload for heard in running.observer.heard if "/response/" in heard.topic]

    before = len(answers())
    done = shell(running, line)
    assert (done.returncode, done.stderr) == (0, "")
    if " -n " in line:  # clears a message that the broker keeps: nobody answers
        return
    answer = json.loads(wait_until("an answer", lambda: answers()[before:])[0])
    assert answer["ok"] is True, answer


def answered(running: Running, line: str) -> None:
    """A question, or a listener, gets something."""
    _ready(running, line)
    running.observer.say(DOOR.setting_set("armed"), "ON")
    done = shell(running, line)
    assert (done.returncode, done.stderr) == (0, ""), done
    if line.endswith("snapshot.jpg"):
        assert (running.folder / "snapshot.jpg").read_bytes().startswith(b"\xff\xd8")
    elif line.startswith("mosquitto_rr"):
        assert json.loads(done.stdout)["ok"] is True
    else:
        assert done.stdout.strip()
    assert running.observer.judged


def notified(running: Running, line: str) -> None:
    """The example for a phone sends one line for an event; here the service is our own."""
    got: list[bytes] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ours = line.replace("https://ntfy.sh", f"http://127.0.0.1:{server.server_port}")
        # the first message may be the end of an event, for which nothing is sent
        done = shell(running, ours.replace("mosquitto_sub", "mosquitto_sub -C 2", 1))
        server.shutdown()
        thread.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(got) == 1
    assert re.fullmatch(rb"Motion: front_door, \d{4}-.*", got[0])


def mailed(running: Running, line: str) -> None:
    """The digest goes to a program that sends mails."""
    done = shell(running, line)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+ events: .*\n", (running.folder / "mailed").read_text())


def asked(running: Running, line: str) -> None:
    """The page answers a script."""
    done = shell(running, line.replace("curl", "curl -sSf", 1))
    assert (done.returncode, done.stderr) == (0, ""), done
    assert isinstance(json.loads(done.stdout), dict)


def simulated(running: Running, line: str) -> None:
    """A simulated camera runs until it is ended."""
    for theirs, ours in running.stand_ins.items():
        line = line.replace(theirs, ours)
    log = running.folder / "simulated.log"
    log.write_text("")
    with Process(log, *line.split()[1:]) as process:
        process.wait_for_line("simulator: camera on port")
        process.signal(signal.SIGTERM)
        assert process.wait() == 0


def done_well(running: Running, line: str) -> None:
    """A command of ours succeeds and says what it did."""
    done = shell(running, line)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.strip()
    for made in re.findall(r"(?:-o|--report|--json) (\S+)", line):
        assert (running.folder / made).stat().st_size > 100


def drawn(running: Running, line: str) -> None:
    """Without an agent that has the camera, the command opens the camera itself."""
    folder = running.folder / "alone"
    folder.mkdir()
    with House(folder, free_port()) as house:
        house.config["cameras"] = {"front_door": house.config["cameras"]["yard"]}
        house.simulate()
        (folder / "config.yaml").write_text(yaml.safe_dump(house.config))
        done = shell(running._replace(folder=folder, stand_ins={}), line)
    assert done.returncode == 0, done
    assert (folder / "overlay.png").stat().st_size > 100


def searched(running: Running, line: str) -> None:
    """There is no such camera on the network of a test: it says whom it asked."""
    done = shell(running, line)
    assert done.returncode in {0, NONE_FOUND}, done
    assert done.stdout.startswith("asking "), done


def imported(running: Running, line: str) -> None:
    """A configuration of another program becomes one of ours, in a folder that has none."""
    program = line.split()[2]
    theirs, content = IMPORTS[program]
    folder = running.folder / "import" / program
    folder.mkdir(parents=True)
    (folder / "their.conf").write_text(content)
    alone = running._replace(folder=folder, stand_ins={theirs: "their.conf"})
    done = shell(alone, line)
    assert done.returncode == 0, done
    assert "cameras:" in (folder / "config.yaml").read_text()


#: Commands that want more than the running agent's folder.
ODD = {"simulate-camera": simulated, "discover": searched, "import": imported}


def how(text: str) -> object:
    """What it means that this line works."""
    words = text.split()
    if "ntfy.sh" in text:
        return notified
    if "| mail " in text:
        return mailed
    if words[0] == "surveillance-agent":
        if words[1] == "overlay" and "--image" not in words:
            return drawn
        return ODD.get(words[1], done_well)
    if words[0] == "curl":
        return asked
    return obeyed if words[0] == "mosquitto_pub" else answered


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.page}: {line.text[:70]}")
def test_a_documented_line_works(running: Running, line: Line) -> None:
    works = how(line.text)
    assert callable(works)
    works(running, line.text)


def test_a_clip_on_demand_is_stored_and_names_no_motion(running: Running) -> None:
    observer = running.observer
    observer.say(DOOR.setting_set("armed"), "OFF")
    wait_until("disarmed", lambda: observer.payloads(DOOR.setting_state("armed"))[-1] == b"OFF")
    wait_until("idle", lambda: observer.payloads(DOOR.recording)[-1:] in ([b"OFF"], []))
    answered = len(observer.of(TOPICS.response("record")))
    observer.say(TOPICS.request("record"), '{"seconds": 2, "transaction": 7}')
    answer = json.loads(observer.wait_for(TOPICS.response("record"), answered + 1).payload)
    assert (answer["ok"], answer["transaction"]) == (True, 7)

    def saved() -> list[dict[str, object]]:
        told = [json.loads(payload) for payload in observer.payloads(DOOR.event_recording)]
        return [event for event in told if event["id"] == answer["data"]["id"]]

    (event,) = wait_until("it is stored", saved)
    assert event["event_type"] == "recording_saved"
    assert event.get("motion_id") is None
    clip = running.folder / "store" / str(event["path"])
    assert clip.stat().st_size == event["size_bytes"]
    observer.say(DOOR.setting_set("armed"), "ON")


def test_no_command_is_without_a_line() -> None:
    """Of settings any one will do: each has the same form."""
    said = {topic for line in lines() for topic in re.findall(r" -t '?([^' ]+)", line.text)}
    found = {channel.name for topic in said if (channel := channel_of(topic)) is not None}
    assert {channel.name for channel in COMMANDS} - found == set()


def test_the_documented_restart_ends_the_agent_in_good_order(tmp_path: Path) -> None:
    assert RESTART in {line.text for line in lines()}
    broker = Broker(tmp_path).start()
    try:
        _programs(tmp_path, broker.port)
        with House(tmp_path, broker.port) as house, Observer(broker.port) as observer:
            agent = house.agent()
            wait_until("online", lambda: observer.payloads(TOPICS.availability) == [b"online"])
            alone = Running(tmp_path, tmp_path / "bin", observer, {})
            assert shell(alone, RESTART).returncode == 0
            agent.wait_for_line("restart was commanded")
            wait_until("farewell", lambda: b"offline" in observer.payloads(TOPICS.availability))
    finally:
        broker.kill()
