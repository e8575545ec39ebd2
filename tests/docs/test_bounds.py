"""Every constant that docs/explanation/security.md names is in the file that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.runtime.memory import BESIDES, FRAMES_RESERVE, LEAST_LIMIT, MIB, WORK_RESERVE, Memory
from agent.service.camera_sessions import FRAME_BYTES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/explanation/security.md").read_text()
COLUMN = "constant, file"


def rows() -> Iterator[tuple[str, str]]:
    """What is bounded, and the cell that says where, of each table that has such a column."""
    column = None
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if COLUMN in cells:
            column = cells.index(COLUMN)
        elif not cells:
            column = None
        elif column is not None and not set(cells[0]) <= {"-"}:
            yield cells[0], cells[column]


@pytest.mark.parametrize(("what", "where"), list(rows()))
def test_a_constant_is_where_the_table_says(what: str, where: str) -> None:
    names: list[str] = []
    told = 0
    for word in re.findall(r"`([^`]+)`", where):
        if not word.endswith(".py"):
            names.append(word)
            continue
        text = (ROOT / "agent" / word).read_text()
        assert names, f"{what}: no constant of {word}"
        for name in names:
            made = rf"^(?:(?:[\w.]+, )*{name}(?:, \w+)*(?:: [^=\n]+)? = |(?:def|class) {name}\b)"
            assert re.search(made, text, re.MULTILINE), f"{what}: no {name} in {word}"
        told += len(names)
        names = []
    assert told, f"{what}: nothing says where"
    assert not names, f"{what}: no file is named for {names}"


def test_tables_are_found_at_all() -> None:
    assert len(list(rows())) >= 40


def test_the_shares_are_those_of_the_table() -> None:
    memory = Memory(LEAST_LIMIT)
    said = [BESIDES, memory.frames.total, FRAMES_RESERVE, memory.work.total, WORK_RESERVE]
    table = PAGE.partition("### What one camera may cost")[2].partition("Measured")[0]
    cells = [int(found) for found in re.findall(r"\| (\d+) MiB (?=\|)", table)]
    assert cells == [size // MIB for size in said]
    assert f"16, {FRAME_BYTES // MIB} MiB" in table


def test_the_limit_is_that_of_the_unit_and_of_compose() -> None:
    said = f"{LEAST_LIMIT // MIB}"
    assert f"\nMemoryMax={said}M\n" in (ROOT / "deploy/surveillance-agent.service").read_text()
    assert f"mem_limit: {said}m" in (ROOT / "docker-compose.yml").read_text()


def test_no_guide_pipes_a_download_into_a_shell() -> None:
    guides = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("homeassistant-app/*.md")]
    guides += [path for path in (ROOT / "deploy").iterdir() if path.is_file()]
    piped = re.compile(r"(?:curl|wget)[^\n|]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b")
    assert [path.name for path in guides if piped.search(path.read_text())] == []
    assert len(guides) > 20
