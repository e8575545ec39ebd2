"""Every line of every shell block has a proof: it is run, or there is a reason why not."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.documented import (
    ELSEWHERE,
    NOT_RUN,
    PROOFS,
    ROOT,
    SHELLS,
    Block,
    Line,
    all_blocks,
    lines,
    proof_of,
)

#: Blocks that are not typed into a shell.
OTHERS = {"yaml", "java", "json", "text", "mermaid", "python", "ini", "nginx"}
LINES = lines()


def test_each_block_says_what_it_is() -> None:
    unknown = [block for block in all_blocks() if block.kind not in SHELLS | OTHERS]
    assert unknown == []


def test_there_are_commands_at_all() -> None:
    assert len(LINES) > 80
    assert {"README.md", "docs/getting-started.md"} <= {line.page for line in LINES}


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.page}: {line.text[:60]}")
def test_a_line_has_a_proof(line: Line) -> None:
    proof = proof_of(line)
    assert proof is not None, f"{line.page}: say in tests/support/documented.py who runs it"
    assert proof.note or proof.how not in {ELSEWHERE, NOT_RUN}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.begins)
def test_a_proof_is_of_something(proof: object) -> None:
    assert any(proof_of(line) == proof for line in LINES)


@pytest.mark.parametrize("note", sorted({p.note for p in PROOFS if p.how == ELSEWHERE}))
def test_the_other_test_exists(note: str) -> None:
    file, _, name = note.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "block",
    [block for block in all_blocks() if block.kind in SHELLS],
    ids=lambda block: f"{block.page}: {block.text.strip()[:40]}",
)
def test_a_shell_understands_the_block(block: Block) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


FSTAB = [line for line in LINES if line.text.endswith("tee -a /etc/fstab")]


@pytest.mark.parametrize("line", FSTAB, ids=lambda line: line.text[:40])
def test_a_line_of_fstab_has_its_six_fields(line: Line, tmp_path: Path) -> None:
    entry = shlex.split(line.text)[1]
    assert entry.split()[1] == "/mnt/imagestore"
    tab = tmp_path / "fstab"
    tab.write_text(entry + "\n")
    listed = subprocess.run(
        [
            "findmnt",
            "--fstab",
            "--tab-file",
            str(tab),
            "--noheadings",
            "--output",
            "FSTYPE,OPTIONS",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    kind, options = listed.stdout.split()
    assert (kind, options) == tuple(entry.split()[2:4])
    assert len(entry.split()) == 6
    assert {"noatime", "nosuid", "nodev", "noexec"} <= set(options.split(","))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
def test_a_file_of_the_checkout_that_is_named_exists(line: Line) -> None:
    named = re.findall(r"(?<![\w/.-])((?:config|deploy|requirements|script)/[\w./-]+)", line.text)
    assert [name for name in named if not (ROOT / name).exists()] == []
