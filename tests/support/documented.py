"""The shell commands of the pages, and for each of them who proves it.

Each line of each shell block has exactly one proof: a test runs it here, another test runs it, or
it changes a machine in a way that no test may. `tests/docs/test_shell_blocks.py` fails where a line
has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "homeassistant-app" / "DOCS.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(r"^ *```(?P<kind>[^\n]*)\n(?P<text>.*?)^ *```", re.DOTALL | re.MULTILINE)
SHELLS = {"sh", "bash"}

#: `tests/e2e/test_documented_commands.py` runs it.
RUN = "run"
#: A test of another name runs it; the note says which.
ELSEWHERE = "elsewhere"
#: Nothing runs it; the note says why. Its words are still checked, as far as they are ours.
NOT_RUN = "not run"

_OF_THE_SYSTEM = "changes the whole machine"
_HARDWARE = "wants a Raspberry Pi, a disk, a card or a NAS"
_NETWORK = "wants the network of the user"
_SETUP = "tests/e2e/test_setup.py::test_a_first_start_says_what_it_does_and_a_second_asks_nobody"
_INSTALL = "tests/e2e/test_install.py::test_one_line_sets_the_service_up_and_one_line_undoes_it"
_IMAGE = "tests/container/test_container.py::test_up_without_a_configuration_shows_the_demo"
_CHECKED = (
    "tests/container/test_container.py::test_a_configuration_that_only_root_may_read_is_named"
)
_CLEAN = "tests/e2e/test_removed_topics.py::test_clean_leaves_nothing_of_an_agent_that_is_stopped"


_RESTART = (
    "tests/e2e/test_documented_commands.py"
    "::test_the_documented_restart_ends_the_agent_in_good_order"
)


class Proof(NamedTuple):
    """Lines that begin so have this proof."""

    begins: str  # a regular expression
    how: str
    note: str = ""


_SELF_TEST = "tests/e2e/test_self_test.py::test_the_command_prints_each_stage_in_words"

#: The first that matches counts.
PROOFS = (
    Proof(r"surveillance-agent self-test$", ELSEWHERE, _SELF_TEST),
    Proof(r"surveillance-agent discovery --clean$", ELSEWHERE, _CLEAN),
    Proof(r"mosquitto_pub .*/restart -m PRESS$", ELSEWHERE, _RESTART),
    Proof(r"surveillance-agent ", RUN),
    Proof(r"mosquitto_(pub|sub|rr) ", RUN),
    Proof(r"curl -H ", RUN),
    Proof(r"script/(run|setup)$", ELSEWHERE, _SETUP),
    Proof(r"docker compose run --rm agent check-config$", ELSEWHERE, _CHECKED),
    Proof(r"docker compose (up --detach|logs --follow agent)$", ELSEWHERE, _IMAGE),
    Proof(r'echo "BASE=', NOT_RUN, "asks the image registry"),
    Proof(r"git (clone|pull)", NOT_RUN, _NETWORK),
    Proof(r"ssh |ping |ip route$", NOT_RUN, _NETWORK),
    Proof(r"sudo nmcli ", NOT_RUN, _NETWORK),
    Proof(r"sudo apt-get ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"sudo (script/install|/opt/surveillance-agent/uninstall)$", ELSEWHERE, _INSTALL),
    Proof(r"sudo (install|rmdir|mkdir|chown) ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"sudo (systemctl|timedatectl) |timedatectl$|journalctl ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"sudo -u surveillance ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"sudo mosquitto_passwd ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"printf '.*' \| sudo (tee|install) ", NOT_RUN, _OF_THE_SYSTEM),
    Proof(r"echo '.*' \| sudo tee -a /etc/fstab$", NOT_RUN, _HARDWARE),
    Proof(r"sudo mkfs|lsblk$", NOT_RUN, _HARDWARE),
    Proof(r"aplay |speaker-test |alsamixer ", NOT_RUN, _HARDWARE),
)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    kind: str
    text: str


class Line(NamedTuple):
    """A command of a shell block, continued lines joined, without its comment."""

    page: str
    text: str


def all_blocks() -> Iterator[Block]:
    """Every fenced block of every page, also one inside a list."""
    for page in PAGES:
        for found in _BLOCK.finditer(page.read_text()):
            yield Block(str(page.relative_to(ROOT)), found["kind"], found["text"])


def lines() -> list[Line]:
    """The commands of all shell blocks."""
    found = []
    for block in all_blocks():
        if block.kind in SHELLS:
            whole = re.sub(r"(\\|(?<=[|]))\n", " ", block.text)
            for line in whole.splitlines():
                text = re.sub(r"(^|\s)#\s.*$", "", line).strip()
                found += [Line(block.page, text)] if text else []
    return found


def proof_of(line: Line) -> Proof | None:
    """What proves the line; None: nothing does."""
    return next((proof for proof in PROOFS if re.match(proof.begins, line.text)), None)


def to_run() -> list[Line]:
    """The lines that `tests/e2e/test_documented_commands.py` runs, each once."""
    found: dict[str, Line] = {}
    for line in lines():
        proof = proof_of(line)
        if proof is not None and proof.how == RUN:
            found.setdefault(line.text, line)
    return list(found.values())
