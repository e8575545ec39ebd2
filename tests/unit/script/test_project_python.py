"""The scripts in Python find the project's environment, whichever Python starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "script"
#: What this environment was made with. It has none of our packages.
SYSTEM = Path(sys.base_prefix) / "bin" / "python3"


def run(script: str, venv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SYSTEM, SCRIPTS / script, "--check"],
        env={"PATH": os.environ["PATH"], "VENV": venv},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("script", ["house", "commands"])
def test_the_systems_python_is_enough(script: str) -> None:
    ended = run(script, sys.prefix)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("script", ["house", "commands"])
def test_without_an_environment_it_says_what_makes_one(script: str, tmp_path: Path) -> None:
    ended = run(script, str(tmp_path))

    assert ended.returncode == 1
    assert "run script/setup --dev" in ended.stderr
