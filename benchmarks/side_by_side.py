"""What is measured beside each other: an agent of one camera, Debian's `motion`, their server."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.support.agent_process import Process
from tests.support.broker import Broker, free_port

#: Seconds until the first picture; on a busy machine many start together.
_START = 90.0
_SERVER = Path(__file__).with_name("rtsp_server.py")


def agent(
    root: Path,
    name: str,
    broker: Broker,
    camera: dict[str, Any],
    *others: dict[str, Any],
    before: Sequence[str] = (),
    **more: object,
) -> Process:
    """A running agent with this camera, live.

    Args:
        root: its folder's folder.
        name: the agent's id.
        broker: where it publishes.
        camera: the configuration of `yard`.
        others: that of further cameras, `yard1` and so on.
        before: a command that executes the agent.
        more: further parts of its configuration.
    """
    folder = root / name
    folder.mkdir()
    config: dict[str, Any] = {
        "agent": {"id": name, "state_dir": str(folder / "state")},
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
        "beep": {"enabled": False},
        "cameras": {"yard": camera, **{f"yard{n}": it for n, it in enumerate(others, 1)}},
        **more,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    command = ("run", "--config", str(path))
    process = Process(folder / "agent.log", *command, env={"TZ": "UTC"}, before=before)
    for camera_id in config["cameras"]:
        process.wait_for_line(f"camera {camera_id}: live: ", _START)
    return process


def motion(
    root: Path,
    url: str,
    size: tuple[int, int],
    fps: int,
    stack: ExitStack,
    *,
    records: bool = False,
) -> int:
    """A running `motion` as installed, its outputs off; its process id.

    `records`: it records its events as the camera coded them.
    """
    folder = root / "motion"
    folder.mkdir()
    movies = "movie_output on\nmovie_passthrough on\n" if records else "movie_output off\n"
    config = folder / "motion.conf"
    config.write_text(
        f"daemon off\nlog_level 4\nwidth {size[0]}\nheight {size[1]}\n"
        f"framerate {fps}\nnetcam_url {url}\n"
        f"target_dir {folder}\npicture_output off\n{movies}"
        "stream_port 0\nwebcontrol_port 0\n"
    )
    log = stack.enter_context((folder / "log").open("wb"))
    process = subprocess.Popen(
        ["motion", "-n", "-c", str(config)], stdout=log, stderr=subprocess.STDOUT, cwd=folder
    )
    stack.callback(process.kill)
    return process.pid


def rtsp_server(stack: ExitStack, *films: Path) -> list[str]:
    """A running RTSP server with these MP4 files of H.264; the URL of each."""
    port = free_port()
    command = ["/usr/bin/python3", str(_SERVER), str(port), *map(str, films)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stack.callback(process.kill)
    assert process.stdout is not None
    process.stdout.readline()
    return [f"rtsp://127.0.0.1:{port}/{film.stem}" for film in films]
