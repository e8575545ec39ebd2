"""`replay` as people type it."""

import argparse
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import ConfigError
from agent.runtime.redaction import redact
from agent.tuning.command import add_arguments, run
from agent.tuning.sweep import combinations
from tests.support.garden import write_folder

CONFIG = """\
cameras:
  yard:
    source: "hk://127.0.0.1"
    rotate: 180
    analysis_fps: 4
    detection: {profile: plain}
    zones:
      bush: {mode: ignore, polygon: [[0.75, 0.1], [0.9, 0.1], [0.9, 0.3], [0.75, 0.3]]}
  door:
    source: "hk://127.0.0.2"
    detection: {profile: seed}
"""


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"{write_folder(tmp_path_factory.mktemp('clips') / 'garden', seconds=24)}?fps=4"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yard.yaml").write_text(CONFIG)
    return tmp_path


def replay(*words: str) -> list[str]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    add_arguments(parser)
    said: list[str] = []
    assert run(parser.parse_args(words), {}, said.append) == 0
    return said


PLAIN = ("--set", "detection.profile=plain", "--set", "analysis_fps=4")


def test_the_json_is_that_of_the_contract(garden: str, here: Path) -> None:
    replay(garden, *PLAIN, "--json", "out.json")
    document: dict[str, Any] = json.loads((here / "out.json").read_text())
    assert document["clip"] == garden
    sizes = [document[key] for key in ("frames", "fps", "width", "height")]
    assert sizes == [96, 4.0, 320, 240]
    assert document["detector"]["pixel_threshold"] == 50
    first = document["decisions"][0]
    wanted = {"frame", "t", "score", "changed_pixels", "motion", "reason"}
    assert set(first) == wanted
    assert [it["frame"] for it in document["decisions"]] == list(range(96))
    assert [it["start"] for it in document["events"]] == [8.0, 14.0]
    assert set(document["events"][0]) == {"start", "end", "peak_score"}


@pytest.mark.usefixtures("here")
def test_json_may_go_to_the_terminal_alone(garden: str) -> None:
    (text,) = replay(garden, garden, *PLAIN, "--json", "-")
    assert [it["clip"] for it in json.loads(text)] == [garden, garden]


@pytest.mark.usefixtures("here")
def test_people_get_a_line_for_each_event(garden: str) -> None:
    head, *events = replay(garden, *PLAIN)
    assert "320x240, 96 frames, 0:23.8; 96 judged" in head
    assert [line.split(":", 1)[0] for line in events] == ["  event 0"] * 2
    assert "event 0:08.0 to" in events[0]


def test_a_configuration_brings_its_zones_and_stored_pictures_are_upright(
    garden: str, here: Path
) -> None:
    replay(garden, "--config", "yard.yaml", "--camera", "yard", "--json", "out.json")
    document = json.loads((here / "out.json").read_text())
    assert [it["start"] for it in document["events"]] == [14.0], "the bush is ignored"
    assert document["detector"]["zones"] == ["bush"]


def test_a_value_on_the_command_line_wins(garden: str, here: Path) -> None:
    words = ("--config", "yard.yaml", "--camera", "yard", "--json", "out.json")
    replay(garden, *words, "--set", "detection.min_changed=10")
    document = json.loads((here / "out.json").read_text())
    assert document["events"] == []
    assert document["detector"]["min_changed"] == 10


def test_a_sweep_shows_what_each_value_would_have_done(garden: str, here: Path) -> None:
    said = replay(garden, *PLAIN, "--sweep", "detection.min_changed=0.05,2,9", "--json", "o.json")
    head, *rows = said[-4:]
    assert head.split()[:2] == ["value", "events"]
    assert [row.split()[:2] for row in rows] == [
        ["detection.min_changed=0.05", "2"],
        ["detection.min_changed=2", "1"],
        ["detection.min_changed=9", "0"],
    ]
    sweep = json.loads((here / "o.json").read_text())["sweep"]
    assert [it["change"] for it in sweep][1] == {"detection.min_changed": "2"}


def test_several_sweeps_are_combined() -> None:
    assert combinations(["a=1,2", "b=x"]) == [{"a": "1", "b": "x"}, {"a": "2", "b": "x"}]
    assert combinations([]) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "detection.pixel_treshold=3"], "did you mean pixel_threshold"),
        (["--set", "detection.pixel_threshold=300"], "command line: cameras.clip.detection."),
        (["--set", "detection.pixel_threshold=300"], "must be at most 255"),
        (["--set", "detection"], "its value, e.g. detection.pixel_threshold=30"),
        (["--sweep", "analysis_fps="], "0 combinations"),
        (["--sweep", "a=" + ",".join(["1"] * 65)], "65 combinations"),
        (["--config", "yard.yaml"], "has yard, door"),
        (["--config", "yard.yaml", "--camera", "roof"], "known: yard, door"),
        (["--config", "gone.yaml"], "no such file"),
        (["--json", "missing/out.json"], "No such file or directory"),
        (["--set", "mask=gone.png"], "no such file"),
    ],
)
@pytest.mark.usefixtures("here")
def test_mistakes_are_named(garden: str, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as raised:
        replay(garden, *words)
    assert redact(str(raised.value)) == str(raised.value), "nothing in it looks like a secret"
    assert "SURVEILLANCE_" not in str(raised.value)


class _Links(HTMLParser):
    """Collects what a page would load, and which elements stay open."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        source = values.get("src") or (values.get("href") if tag in {"link", "script"} else None)
        if source and not source.startswith("data:"):
            self.loads.append(source)
        self.images += tag == "img"


def test_the_report_is_one_page_that_loads_nothing(garden: str, here: Path) -> None:
    replay(garden, *PLAIN, "--sweep", "detection.min_changed=0.05,2", "--report", "out.html")
    text = (here / "out.html").read_text()
    page = _Links()
    page.feed(text)
    assert page.loads == []
    assert page.images == 1 + 2 * 2, "the heat map, and two pictures for each event"
    for words in ("Score over time", "What other values would have done", "1. 0:08.0 to"):
        assert words in text
    assert "$" not in re.sub(r"data:[^\"]*", "", text).replace("$title", "$")


def test_the_same_replay_gives_the_same_report(garden: str, here: Path) -> None:
    for name in ("a.html", "b.html"):
        replay(garden, *PLAIN, "--report", name)
    assert (here / "a.html").read_bytes() == (here / "b.html").read_bytes()


@pytest.mark.usefixtures("here")
def test_without_its_library_the_report_says_what_to_install(
    garden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [it for it in sys.modules if it.startswith("agent.tuning.")]:
        if name.rpartition(".")[2] in {"report", "plots"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in ("report", "plots"):
        monkeypatch.delattr(f"agent.tuning.{name}", raising=False)
    with pytest.raises(ConfigError, match="script/setup --with report"):
        replay(garden, "--report", "out.html")
