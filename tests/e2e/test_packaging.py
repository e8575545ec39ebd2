"""The wheel, installed alone into a fresh environment, is the whole agent."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from agent import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"agent", "ha_discovery", "schemas"}
#: Building asks the package index for hatchling once.


def run(*command: object, folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    run(*pip, "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with our wheel and, by a path file, the libraries from here."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    binaries = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    python = binaries / "python"
    run(*pip, "--python", python, "install", "--no-deps", "--quiet", wheel, folder=folder)
    packages = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder
    )
    # Path files in there, such as that of an editable installation, are not followed.
    libraries = Path(packages.strip()) / "libraries.pth"
    libraries.write_text(sysconfig.get_path("purelib") + "\n")
    return binaries


def test_the_wheel_has_the_three_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    code = [name for name in names if ".dist-info/" not in name and ".data/" not in name]
    assert {name.split("/")[0] for name in code} == PACKAGES
    assert "schemas/json/config.json" in names
    shared = {name.partition(".data/data/share/surveillance-agent/")[2] for name in names}
    assert {"config.example.yaml", "surveillance-agent.service"} <= shared
    blueprints = {str(path.relative_to(ROOT)) for path in (ROOT / "blueprints").rglob("*.yaml")}
    assert blueprints
    assert blueprints <= shared


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    """Templates, styles, texts: what is no code is forgotten first."""
    listed = subprocess.run(
        ["git", "ls-files", *sorted(PACKAGES)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(wheel) as archive:
        assert set(listed.stdout.split()) - set(archive.namelist()) == set()


def test_all_three_packages_come_from_the_wheel_and_bring_their_schemas(
    installed: Path, tmp_path: Path
) -> None:
    code = """
import importlib, importlib.resources, json, pathlib, sys
for name in ("agent", "ha_discovery", "schemas"):
    module = importlib.import_module(name)
    assert pathlib.Path(module.__file__).is_relative_to(sys.prefix), module.__file__
schema = importlib.resources.files("schemas").joinpath("json/config.json")
print(json.dumps(sorted(json.loads(schema.read_text())["properties"])))
"""
    keys = json.loads(run(installed / "python", "-c", code, folder=tmp_path))
    assert {"agent", "cameras", "mqtt", "store"} <= set(keys)


def test_the_command_tells_its_version_and_checks_a_configuration(
    installed: Path, tmp_path: Path
) -> None:
    command = installed / "surveillance-agent"
    assert run(command, "version", folder=tmp_path).strip() == __version__
    config = tmp_path / "config.yaml"
    config.write_text("cameras: {yard: {source: 'hk://192.168.1.2'}}\n")
    assert "the configuration is good" in run(command, "check-config", folder=tmp_path)


def test_a_health_check_loads_no_picture_library(installed: Path, tmp_path: Path) -> None:
    """It runs every 30 s: on a Raspberry Pi OpenCV alone would cost it a second of processor."""
    code = """
import sys
from agent.cli import run_command
assert run_command(["health"]) == 1
print(sorted({"cv2", "numpy", "av", "paho"} & set(sys.modules)))
"""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"agent: {{state_dir: {tmp_path}}}\ncameras: {{yard: {{source: 'hk://192.168.1.2'}}}}\n"
    )
    assert run(installed / "python", "-c", code, folder=tmp_path).splitlines()[-1] == "[]"
