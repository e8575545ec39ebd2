"""Changes a module in small ways, one at a time, and tells of which changes no test takes notice.

    python -m tests.mutation agent/mqtt/outbox.py tests/unit/mqtt/test_outbox.py [--some 60]

Each change runs in a process of its own, which gets the changed module and nothing else. Who
survives either changes nothing that matters, or shows a test that is missing.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.util
import os
import random
import resource
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tests.mutation.changes import Change, changes

#: Seconds of processor for one change; who loops for ever is noticed, too.
CPU_LIMIT = 60


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another content."""

    def __init__(self, name: str, path: Path, change: Change | None) -> None:
        self._name, self._path, self._change = name, path, change

    def find_spec(
        self, fullname: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        source = self._path.read_text(encoding="utf-8")
        tree = (self._change or Change("", 0, 0)).made_in(source)
        exec(compile(tree, str(self._path), "exec"), module.__dict__)  # noqa: S102  it is ours


def _noticed(path: Path, tests: Sequence[str], change: Change | None) -> bool:
    """Whether a test fails with the change."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) != 0
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, Changed(".".join(path.with_suffix("").parts), path, change))
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "300"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    os._exit(int(pytest.main([*options, *tests])))


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Tries the changes; 1 if one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--some", type=int, help="as many of all changes; default: all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ["HYPOTHESIS_PROFILE"] = "ci"
    import av  # noqa: F401  loaded once, and not for each change
    import cv2  # noqa: F401
    import hypothesis  # noqa: F401
    import pytest  # noqa: F401

    import schemas.config  # noqa: F401

    if _noticed(asked.module, asked.tests, None):
        _say("the tests fail without any change")
        return 2
    found = changes(asked.module.read_text(encoding="utf-8"))
    chosen = random.Random(asked.seed).sample(found, min(asked.some or len(found), len(found)))
    survived = 0
    for change in sorted(chosen, key=lambda each: each.line):
        if not _noticed(asked.module, asked.tests, change):
            survived += 1
            _say(f"{asked.module}:{change.line}: {change.words}")
    _say(f"{asked.module}: {survived} of {len(chosen)} changes survived ({len(found)} possible)")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
