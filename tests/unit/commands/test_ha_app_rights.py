"""The app's AppArmor profile: one, of the app's name, for all that the agent names and no more."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.commands.ha_app import DATA, DEFAULT_STORE, USER_FILES
from agent.runtime import privileges

ROOT = Path(__file__).resolve().parents[3]
APP = ROOT / "homeassistant-app"
PROFILE = (APP / "apparmor.txt").read_text()
SYSTEM = re.compile(r"/(proc|sys|dev|etc|run|var|tmp|opt|usr|mnt|media|data|config)(/.*)?")
#: Words that look like paths, and places that the app does not have.
NOT_THERE = {
    "/dev/": "how a camera's device begins: the app gets none",
    "/media/video1": "of a camera's URL",
    "/opt/homebrew/sbin": "of the demo",
    "/usr/local/sbin": "of the demo",
    "/usr/sbin": "of the demo",
    "/var/lib/surveillance-agent": "of the container",
}
#: What a library or the C library opens; seen with strace.
OF_LIBRARIES = {
    "/etc/hosts": "r",
    "/etc/resolv.conf": "r",
    "/etc/nsswitch.conf": "r",
    "/etc/ssl/certs/ca-certificates.crt": "r",
    "/usr/lib/ssl/openssl.cnf": "r",
    "/usr/share/zoneinfo/Etc/UTC": "r",
    "/sys/devices/system/cpu/online": "r",
    "/sys/devices/pci0000:00/0000:00:03.0/net/eth0/address": "r",
    "/sys/devices/virtual/thermal/thermal_zone0/temp": "r",
    "/sys/fs/cgroup/memory.max": "r",
    "/proc/self/task/7/comm": "r",
    "/opt/agent/lib/python3.13/site-packages/cv2/cv2.abi3.so": "rm",
    "/usr/local/bin/python3.13": "rx",
    "/opt/agent/bin/surveillance-agent": "rx",
    "/sbin/docker-init": "rx",
    "/memfd:clip": "rw",  # `os.memfd_create`
    "/memfd:task//deleted": "rw",
}


def config() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((APP / "config.yaml").read_text())
    return read


def rules() -> Iterator[tuple[re.Pattern[str], str]]:
    """What the profile says of files: which ones, and what may be done with them."""
    for line in PROFILE.splitlines():
        words = line.strip().rstrip(",").split()
        if len(words) == 2 and words[0].startswith(("/", "@")):
            yield re.compile(as_regex(words[0])), words[1]


def as_regex(glob: str) -> str:
    """A pattern of AppArmor as one of ours."""
    for name, value in {"@{PROC}": "/proc", "@{sys}": "/sys", "@{pid}": "[0-9]+"}.items():
        glob = glob.replace(name, value)
    glob = glob.replace(".", r"\.").replace("**", "\0").replace("*", "[^/]*").replace("\0", ".*")
    return glob.replace("{", "(?:").replace("}", ")").replace(",", "|")


def allowed(path: str) -> str:
    """What may be done with a path, or with what is in a folder of that name."""
    path = path.replace("/proc/self", "/proc/1")
    places = (path, path.rstrip("/") + "/", path.rstrip("/") + "/x")
    return "".join(may for rule, may in rules() if any(map(rule.fullmatch, places)))


def named() -> set[str]:
    """Every path of the system that stands in the agent's code."""
    found = set()
    for file in (ROOT / "agent").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and SYSTEM.fullmatch(value):
                found.add(value)
    return found


def test_there_is_one_profile_and_it_has_the_apps_name() -> None:
    assert re.findall(r"^profile (\S+)", PROFILE, re.MULTILINE) == [config()["slug"]]
    assert config().get("apparmor", True) is True


def test_no_right_of_root_is_left_but_those_that_are_kept_or_given_up() -> None:
    kept = re.findall(r"^  capability (\w+),", PROFILE, re.MULTILINE)
    assert kept == ["setpcap", "dac_override"]
    assert privileges._FILES == 1  # dac_override, in capability.h
    assert not re.search(
        r"^ *(mount|pivot_root|change_profile|file,|network,|capability,)", PROFILE
    )


def test_every_path_that_the_agent_names_may_be_read() -> None:
    assert sorted(path for path in named() - NOT_THERE.keys() if "r" not in allowed(path)) == []
    assert named() >= NOT_THERE.keys()  # else the list is too long


@pytest.mark.parametrize("path", OF_LIBRARIES)
def test_what_libraries_and_docker_need_is_there(path: str) -> None:
    assert set(OF_LIBRARIES[path]) <= set(allowed(path))


@pytest.mark.parametrize("folder", [DATA, DEFAULT_STORE, Path("/tmp"), Path("/dev/shm")])  # noqa: S108
def test_what_the_agent_writes_it_may_write_and_lock(folder: Path) -> None:
    assert set("rwk") <= set(allowed(str(folder / "a/b")))


@pytest.mark.parametrize(
    "path", [USER_FILES / "mask.png", Path("/etc/passwd"), Path("/opt/agent/x")]
)
def test_nothing_else_is_written(path: Path) -> None:
    assert "w" not in allowed(str(path))


@pytest.mark.parametrize("path", ["/root/x", "/homeassistant/secrets.yaml", "/ssl/privkey.pem"])
def test_what_is_not_the_apps_is_closed(path: str) -> None:
    assert allowed(path) == ""


def test_the_parser_takes_it() -> None:
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if parser is None or not Path("/etc/apparmor.d/tunables/global").exists():
        pytest.skip("apparmor is not installed")
    command = [parser, "--skip-kernel-load", "--skip-cache", str(APP / "apparmor.txt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_store_page_has_its_pictures() -> None:
    sizes = {name: (APP / name).read_bytes()[16:24] for name in ("icon.png", "logo.png")}
    size = {n: (int.from_bytes(raw[:4]), int.from_bytes(raw[4:])) for n, raw in sizes.items()}
    assert size == {"icon.png": (128, 128), "logo.png": (250, 100)}
