"""Says what each file of tests costs: `COSTS=FOLDER pytest -p tests.support.costs`.

Processor time counts on a machine with few cores; waiting does not, where several tests run at
once. Processes that a test started and waited for are in it. Each process of pytest writes
`FOLDER/WORKER.tsv`: processor seconds, seconds, test. To add them up:
`python -m tests.support.costs FOLDER`.
"""

import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

_rows: list[tuple[float, float, str]] = []


def _used() -> float:
    """Processor seconds of this process and of those that it waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    used, begun = _used(), time.monotonic()
    result = yield
    _rows.append((_used() - used, time.monotonic() - begun, item.nodeid))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    used, begun = _used(), time.monotonic()
    result = yield
    _rows.append((_used() - used, time.monotonic() - begun, "(collection)"))
    return result


def pytest_sessionfinish() -> None:
    folder = Path(os.environ["COSTS"])
    folder.mkdir(parents=True, exist_ok=True)
    _rows.append((_used(), 0, "(whole process)"))
    lines = (f"{used:.3f}\t{took:.3f}\t{name}\n" for used, took, name in _rows)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    (folder / f"{worker}.tsv").write_text("".join(lines), encoding="utf-8")


def _told(folder: Path) -> None:
    used: dict[str, float] = defaultdict(float)
    took: dict[str, float] = defaultdict(float)
    for file in folder.glob("*.tsv"):
        for line in file.read_text(encoding="utf-8").splitlines():
            one_used, one_took, name = line.split("\t", 2)
            used[name.partition("::")[0]] += float(one_used)
            took[name.partition("::")[0]] += float(one_took)
    for name in sorted(used, key=lambda name: -used[name]):
        sys.stdout.write(f"{used[name]:8.1f} s of processor  {took[name]:8.1f} s  {name}\n")


if __name__ == "__main__":
    _told(Path(sys.argv[1]))
