"""What the pages say is true: links lead somewhere, configurations are good, commands exist."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from urllib.parse import unquote

import pytest
import yaml

from agent.cli import _parser
from agent.config.loader import load
from agent.core.errors import ConfigError
from schemas.config import Config
from script import words as prose
from tests.support.documented import all_blocks, lines

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<to>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
#: A page as code and files name it, from the root of the checkout.
_NAMED = re.compile(r"(?<![\w/.-])docs/[a-z0-9/-]+\.md")
_FOLDERS = {"agent", "benchmarks", "blueprints", "config", "deploy", "docs", "ha_discovery"}
_FOLDERS |= {"homeassistant-app", "schemas", "script", "tests"}
_TEXTS = {"", ".acl", ".conf", ".html", ".js", ".json", ".md", ".py", ".service", ".yaml", ".yml"}
#: A sentence of as many words says a fact, and a fact has one place.
_WORDS_OF_A_FACT = 8
#: Pages whose descriptions come from the same models.
_GENERATED = {"configuration.md"}
#: A YAML block is a configuration of ours when all its keys are.
_KEYS = set(Config.model_fields)
YAML = [(block.page, dedent(block.text)) for block in all_blocks() if block.kind == "yaml"]
CAMERA = {"cameras": {"front_door": {"source": "hk://192.168.1.2"}}}


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


def test_no_sentence_stands_on_two_pages() -> None:
    seen: dict[str, set[str]] = {}
    for page in PAGES:
        if page.name not in _GENERATED:
            for block in prose.page_blocks(page.read_text()):
                for sentence in prose.sentences(block.text):
                    if len(prose.words(sentence)) >= _WORDS_OF_A_FACT:
                        seen.setdefault(sentence, set()).add(str(page.relative_to(ROOT)))
    assert {sentence: pages for sentence, pages in seen.items() if len(pages) > 1} == {}


@pytest.mark.parametrize(("page", "text"), YAML)
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


def texts() -> Iterator[Path]:
    """The files of the checkout in which a page may be named."""
    for top in ROOT.iterdir():
        if top.is_file():
            yield top
        elif top.name in _FOLDERS:
            yield from (path for path in top.rglob("*") if path.suffix in _TEXTS and path.is_file())


def test_every_page_that_a_file_names_exists() -> None:
    """Messages, comments and scripts say `docs/...md`. CHANGELOG.md may name pages of its time."""
    named = {
        (str(file.relative_to(ROOT)), page)
        for file in texts()
        if file.name != "CHANGELOG.md"
        for page in _NAMED.findall(file.read_text(errors="replace"))
    }
    assert {(file, page) for file, page in named if not (ROOT / page).is_file()} == set()
    assert ("agent/core/problems.py", "docs/how-to/classify.md") in named


def test_every_module_that_a_file_names_by_its_whole_path_exists() -> None:
    """CHANGELOG.md and decisions (ADR) may name modules of their time."""
    whole = re.compile(r"(?<![\w/.-])(?:agent|benchmarks|schemas|tests)/[\w/]+\.py\b")
    made = "agent/agent/new_module.py"  # a test writes it
    named = {
        (str(file.relative_to(ROOT)), module)
        for file in texts()
        if file.name != "CHANGELOG.md" and "adr" not in file.parts
        for module in whole.findall(file.read_text(errors="replace"))
    }
    assert {it for it in named if it[1] != made and not (ROOT / it[1]).is_file()} == set()
    assert (
        "agent/core/image_quality.py",
        "tests/integration/vision/test_sight_on_clips.py",
    ) in named


#: How the pages start a command of ours; a word of ours follows.
_CALL = re.compile(
    r"(?:^|[\s|]|bin/)(?:surveillance-agent|docker compose run --rm agent)"
    r"(?P<rest>\s+[a-z][^|;&>#]*)"
)


def commands() -> list[tuple[str, str]]:
    found = []
    for page, text in lines():
        call = _CALL.search(text)
        # other programs name the agent, its user or its container
        if call and not re.search(r"/surveillance-agent\s|(systemctl|journalctl) ", call[0]):
            found.append((page, f"surveillance-agent{call['rest']}".strip()))
    return found


def mentioned() -> list[tuple[str, str]]:
    """Commands in the text, which may leave out what they want."""
    found = []
    for page in PAGES:
        for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text()):
            call = _CALL.search(code)
            if call and not re.search(r"(systemctl|journalctl) ", code):
                found.append((str(page.relative_to(ROOT)), call["rest"].strip()))
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


@pytest.mark.parametrize(("page", "call"), mentioned())
def test_a_command_in_the_text_has_these_options(page: str, call: str) -> None:
    words = call.split()
    parser = _parser(words)
    assert words[0] in names(parser), f"{page}: no command of ours: {call}"
    known = {
        option
        for action in parser._actions
        if isinstance(action.choices, dict)
        for inner in action.choices[words[0]]._actions
        for option in inner.option_strings
    }
    assert {word for word in words if word.startswith("--")} <= known, f"{page}: {call}"


def test_an_import_badge_names_a_blueprint_that_there_is() -> None:
    text = "".join(page.read_text() for page in PAGES)
    addresses = [unquote(found) for found in re.findall(r"blueprint_url=([^)&\s]+)", text)]
    names = {address.partition("/blob/main/")[2] for address in addresses}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "blueprints").rglob("*.yaml")}
    assert names == there
    assert all(address.startswith("https://github.com/") for address in addresses)


def test_commands_are_found_at_all() -> None:
    line = "surveillance-agent simulate-camera --port 5000"
    assert ("docs/explanation/protocol.md", line) in commands()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_module_that_a_page_names_exists(page: Path) -> None:
    """By its whole path, or by the end of it. Decisions (ADR) tell of their own time."""
    if "adr" in page.parts:
        return
    modules = {
        f"/{path.relative_to(ROOT)}" for path in ROOT.rglob("*.py") if ".venv" not in str(path)
    }
    named = re.findall(r"`([\w/-]+\.py)`", page.read_text())
    assert [name for name in named if not any(m.endswith(f"/{name}") for m in modules)] == []
