"""What the pages say is true: links lead somewhere, configurations are good, commands exist."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent.cli import _parser
from agent.config.loader import load
from agent.core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<to>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
#: A YAML block is a configuration of ours when all its keys are.
_KEYS = {"agent", "mqtt", "home_assistant", "store", "beep", "cameras"}
CAMERA = {"cameras": {"front_door": {"source": "hk://192.168.1.2"}}}


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in _BLOCK.finditer(page.read_text()):
            if block["kind"] == kind:
                yield str(page.relative_to(ROOT)), block["text"]


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub and mkdocs write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading) for heading in headings]
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower()) for text in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.finditer(page.read_text()):
        target = (page.parent / link["to"]).resolve() if link["to"] else page
        anchor = link["anchor"]
        wrong = not target.exists()
        if anchor and target.suffix == ".md" and not wrong:
            wrong = anchor not in anchors(target)
        if wrong:
            broken.append(link[0])
    assert broken == []


@pytest.mark.parametrize(("page", "text"), list(blocks("yaml")))
def test_every_configuration_is_good(page: str, text: str, tmp_path: Path) -> None:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return  # of Home Assistant, with tags of its own
    if not isinstance(content, dict) or not content or not set(content) <= _KEYS:
        return
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({**CAMERA, **content}))
    try:
        load(file, {})
    except ConfigError as error:
        pytest.fail(f"{page}: {error}")


def commands() -> list[tuple[str, str]]:
    found = []
    for page, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            call = re.search(r"(?:^|[\s/])surveillance-agent((?:\s+[^|;&>#]+)?)", line)
            # other programs name the agent, its user or its container; a word of ours must follow
            if call and re.match(r"\s+[a-z]", call[1]) and "/surveillance-agent" not in call[1]:
                found.append((page, f"surveillance-agent{call[1]}".strip()))
    return found


def names(parser: ArgumentParser) -> set[str]:
    return {
        name
        for action in parser._actions
        if isinstance(action.choices, dict)
        for name in action.choices
    }


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_is_understood(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    parser = _parser(words)
    assert words[0] in names(parser), f"{page}: no command of ours: {line}"
    try:
        parser.parse_args(words)
    except SystemExit as error:
        pytest.fail(f"{page}: {line}: exit {error.code}")


def test_commands_are_found_at_all() -> None:
    assert ("docs/protocol.md", "surveillance-agent simulate-camera --port 5000") in commands()
