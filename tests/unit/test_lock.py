"""The lock is what pyproject.toml admits, for each Python, with hashes and no machine's places."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
EXTRAS_THAT_RUN = [line for name in ("demo", "reoffer", "page") for line in EXTRAS[name]]
RUN = [*PROJECT["project"]["dependencies"], *EXTRAS_THAT_RUN]
BUILD = PROJECT["dependency-groups"]["build"]
DECLARED = {
    "run": RUN,
    "build": BUILD,
    "dev": [*RUN, *BUILD, *PROJECT["dependency-groups"]["dev"]],
}
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(lock: str) -> list[str]:
    """Each pinned package with its marker and hashes, on one line."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(lock: str, python: str) -> dict[str, str]:
    """What Linux gets with that Python: versions by name."""
    where = {"python_version": python, "python_full_version": f"{python}.0"}
    where |= {"sys_platform": "linux", "platform_system": "Linux"}
    found: dict[str, str] = {}
    for line in entries(lock):
        wanted = Requirement(_HASH.sub("", line).strip())
        if wanted.marker is None or wanted.marker.evaluate(where):
            assert canonicalize_name(wanted.name) not in found, line
            found[canonicalize_name(wanted.name)] = str(wanted.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("lock", DECLARED)
def test_the_lock_has_what_is_declared(lock: str, python: str) -> None:
    found = pins(lock, python)
    for line in DECLARED[lock]:
        declared = Requirement(line)
        assert found[canonicalize_name(declared.name)] in declared.specifier, line


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_what_is_tested_is_what_runs(python: str) -> None:
    tested = pins("dev", python)
    for lock in ("run", "build"):
        assert pins(lock, python).items() <= tested.items()


@pytest.mark.parametrize("lock", DECLARED)
def test_the_lock_is_hashes_and_names_no_place(lock: str) -> None:
    for line in entries(lock):
        assert _HASH.search(line), line
        rest = _HASH.sub("", line)
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; [\w.\s<>!='()]+)?\s*", rest), rest
