"""docs/explanation/resilience.md, from the lines of results."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.resilience.invariants import INVARIANTS
from tests.resilience.plan import EVERY
from tests.resilience.tools import missing
from tests.support.broker import mosquitto

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/resilience.md"
LIBRARIES = ("paho-mqtt", "av", "opencv-python-headless", "numpy", "pydantic")
Line = dict[str, Any]

HEAD = """# Resilience

`python -m tests.resilience` generates this page from the result lines of one campaign. The causes
come from `tests/resilience/found.md` and `causes.md`. The short form, every kind of fault once,
runs with the tests. `tests/resilience/test_invariants.py` shows that each invariant can fail.

In a run the real agent process watches the simulated camera (a process of its own), talks to a
real Mosquitto and records. Each 3.2 s a person walks by. One to three faults begin within 4 s, last
and end. Then everything must become well again without help. A permanent fault, such as a hostile
second camera, stays. An independent observer keeps what the camera sent (whole or not), all
published messages, and the content of the store. It compares the three.

The key of a run decides its faults, their moments, lengths and figures. The key is the seed of a
random run, or the seed and the numbers of the faults. To repeat a run:
`python -m tests.resilience --again KEY`. Run it as root, with `/dev/fuse`, `pip install mfusepy`
and the faulty file system of `tools.py`. Without them it leaves out the runs that need them, and
names those runs.
"""


def code() -> str:
    """Names the agent's code as it is, committed or not."""
    digest = hashlib.sha256()
    for package in ("agent", "schemas", "ha_discovery"):
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def commit() -> str:
    """Of this checkout, or what a snapshot's file COMMIT says; with a star if it was changed."""
    if (ROOT / "COMMIT").exists():
        return (ROOT / "COMMIT").read_text().strip()
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=*", "--exclude=*"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def page(lines: list[Line]) -> str:
    """The whole page."""
    runs = [line for line in lines if "key" in line]
    parts = [HEAD, *_summary(runs), *_found(), *_invariants(), *_recovery(runs), *_faults(runs)]
    parts += [*_lost(runs), *_failed(runs), *_versions()]
    for what in ("shares", "cameras", "soak"):
        measured = [line for line in lines if line.get("kind") == what][-1:]
        words = "\nMeasured at commit `{commit}`, agent's code `{code}`.\n"
        parts += [line["page"] + words.format(**line) for line in measured]
    return "\n".join(parts) + "\n"


def _summary(runs: list[Line]) -> Iterator[str]:
    yield "## Outcome\n"
    yield "| agent's code | at commits | random runs | others | faults | all invariants kept |"
    yield "|---|---|---|---|---|---|"
    for name in dict.fromkeys(line["code"] for line in runs):
        some = [line for line in runs if line["code"] == name]
        faults = sum(len(line["faults"]) for line in some)
        kept = sum(not line["violations"] for line in some)
        random = sum(map(_is_random, some))
        at = Counter(line["commit"] for line in some)
        commits = ", ".join(f"`{commit}` ({count})" for commit, count in at.items())
        cells = (f"`{name}`", commits, random, len(some) - random, faults, kept)
        yield f"| {' | '.join(map(str, cells))} |"
    seeds = sorted(line["seed"] for line in runs if _is_random(line))
    alone = sum(len(line["faults"]) == 1 for line in runs)
    hours = sum(line["seconds"] for line in runs) / 3600
    most = max((line["at_once"] for line in runs), default=0)
    yield (
        f"\n{len(runs)} runs, {alone} with one fault alone, {hours:.1f} hours of agents' time,"
        f" up to {most} runs in parallel. Commits with the same agent's code differ in the"
        " laboratory."
        f" Seeds of the random runs: {_spans(seeds)}.\n"
    )


def _is_random(line: Line) -> bool:
    return bool(line["key"] == str(line["seed"]))


def _spans(numbers: list[int]) -> str:
    """1, 2, 3, 7 as `1-3, 7`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number <= spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans) or "none"


def _found() -> Iterator[str]:
    yield "## Failures of the agent that it found, all fixed\n"
    yield (Path(__file__).with_name("found.md")).read_text()


def _invariants() -> Iterator[str]:
    yield "## What must be true after every run\n"
    for invariant in INVARIANTS:
        more = f": {invariant.__doc__}" if invariant.__doc__ else ""
        yield f"- `{invariant.__name__}`{more}"
    yield ""


def _recovery(runs: list[Line]) -> Iterator[str]:
    yield "## Recovery\n"
    yield (
        "Seconds, with this number of runs in parallel on the same processors: agents, cameras,"
        " brokers and the laboratory.\n"
    )
    yield "| | runs in parallel | times | p50 | p99 |\n|---|---|---|---|---|"
    for many in sorted({line["at_once"] for line in runs}):
        some = [line for line in runs if line["at_once"] == many]
        starts = [line["figures"].get("start_to_live") for line in some]
        yield _row(f"start of the process to the first frame | {many}", starts)
        back = [_beyond_rest(line) for line in some if _is_cable(line)]
        words = "cable or plug back in to the next event published, without the camera's rest"
        yield _row(f"{words} | {many}", back)
        told = [_delay(line) for line in some]
        yield _row(f"event begun to event published, after any faults | {many}", told)
    yield (
        "\nThe rest: after a failed opening the agent waits 15 s, as the camera's own client does."
        " It counts until the agent's first hello. The next event must wait for the next visitor,"
        " up to 3.2 s. After a refusal of the broker the agent waits up to 30 s, and its events"
        " too.\n"
    )


def _is_cable(line: Line) -> bool:
    words = ("cable", "plug", "reboot", "another address")
    return len(line["faults"]) == 1 and any(word in line["faults"][0] for word in words)


def _beyond_rest(line: Line) -> float | None:
    event = line["figures"].get("event")
    if event is None:
        return None
    hello = line["figures"].get("first_hello", 0.0)
    return float(event - (hello if hello < event else 0.0))


def _delay(line: Line) -> float | None:
    figures = line["figures"]
    if "event" not in figures or "event_begun" not in figures:
        return None
    return max(0.0, float(figures["event"] - figures["event_begun"]))


def _faults(runs: list[Line]) -> Iterator[str]:
    yield "## Faults\n"
    yield "Recovery times: seconds after the end of the fault, in runs with this fault alone.\n"
    yield (
        "| fault | times | kept | alone | answers again, p50 / p99 | store ok, p50 / p99"
        " | next event, p50 / p99 |\n|---|---|---|---|---|---|---|"
    )
    for kind in EVERY:
        with_it = [line for line in runs if kind.name in line["faults"]]
        alone = [line["figures"] for line in with_it if len(line["faults"]) == 1]
        cells = [kind.name, str(len(with_it)), str(sum(not it["violations"] for it in with_it))]
        cells.append(str(len(alone)))
        parts = ("answered", "stored", "event")
        cells += [" / ".join(_quantiles(it.get(part) for it in alone)) for part in parts]
        yield f"| {' | '.join(cells)} |"
    left_out = [f"{need}: {why}" for need, why in missing().items()]
    yield f"\nNot possible on this machine: {'; '.join(left_out) or 'nothing'}.\n"


def _row(name: str, values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"| {name} | {len(known)} | {' | '.join(_quantiles(known))} |"


def _quantiles(values: Iterable[float | None]) -> tuple[str, str]:
    """p50 and p99, by nearest rank."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-", "-"
    p50, p99 = (known[max(0, math.ceil(part * len(known)) - 1)] for part in (0.5, 0.99))
    return f"{p50:.1f}", f"{p99:.1f}"


def _lost(runs: list[Line]) -> Iterator[str]:
    total: Counter[str] = Counter()
    for line in runs:
        total.update(line["lost"])
    yield "## What was lost, and counted\n"
    yield from (f"- {what}: {count}" for what, count in sorted(total.items()))
    yield ""


def _failed(runs: list[Line]) -> Iterator[str]:
    yield "## Runs in which an invariant was broken\n"
    failed = [line for line in runs if line["violations"]]
    known = _causes()
    for line in failed:
        said = "; ".join(line["violations"]).replace("|", "/").replace("\n", " ")[:250]
        said = said.replace("`", "'")
        yield f"- `{line['key']}` at `{line['commit']}` (`{'; '.join(line['faults'])}`): `{said}`"
        yield f"  Cause: {known.get(line['key'], 'not found yet')}"
    yield "" if failed else "None.\n"


def _causes() -> dict[str, str]:
    """Key of a run -> why an invariant was broken in it, from lines `- KEY: cause`."""
    lines = Path(__file__).with_name("causes.md").read_text().splitlines()
    found = (line.removeprefix("- ").partition(": ") for line in lines if line.startswith("- "))
    return {key: cause for key, _, cause in found}


def _versions() -> Iterator[str]:
    yield "## Versions\n"
    asked = subprocess.run([mosquitto(), "-h"], capture_output=True, text=True, check=False)
    yield (
        f"Agent {version('surveillance-agent')}, code `{code()}`;"
        f" Python {platform.python_version()},"
        f" {', '.join(f'{name} {version(name)}' for name in LIBRARIES)};"
        f" {asked.stdout.splitlines()[0]}; Linux {platform.release()},"
        f" {os.cpu_count()} processors.\n"
    )
