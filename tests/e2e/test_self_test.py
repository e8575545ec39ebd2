"""The self test of a real agent: it passes, or names the stage that broke, and leaves nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.core.store_names import CLAIMS, is_self_test
from agent.self_test.last_result import INTERRUPTED
from agent.self_test.request_file import NAME
from agent.storage.verify.anchor import against
from agent.storage.verify.store import verify_store
from tests.e2e.test_kills import kill_all
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House
from tests.support.broker import Broker
from tests.support.observer import Observer
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wallclock import CLOCK, put_ahead, seconds_ahead, wallclock

STAGES = ["picture", "motion", "event", "clip", "store", "playback", "mqtt"]
#: Seconds for all stages with their deadlines.
LONG = 2 * PATIENCE


def results(ear: Ear) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in ear.payloads(TOPICS.self_test) if payload]


def ask(ear: Ear, text: str = "{}") -> dict[str, Any]:
    """Asks for a test as soon as the agent listens; the answer."""
    wait_until("the agent knows its last test", lambda: results(ear))
    before = len(ear.of(TOPICS.response("self_test")))
    ear.say(TOPICS.request("self_test"), text)
    return dict(json.loads(ear.wait_for(TOPICS.response("self_test"), before + 1).payload))


def wait_until_it_runs(ear: Ear) -> None:
    wait_until("it runs", lambda: any(it["result"] == "running" for it in results(ear)))


def result(ear: Ear) -> dict[str, Any]:
    """What comes of the running test."""
    wait_until_it_runs(ear)

    def over() -> dict[str, Any] | None:
        (last,) = results(ear)[-1:]
        return None if last["result"] == "running" else last

    return wait_until("a result", over, LONG)


def traces(store: Path) -> list[Path]:
    """What there is of a test in the store."""
    claims = store / CLAIMS
    places = [*store.iterdir(), *(claims.iterdir() if claims.is_dir() else ())]
    return [path for path in places if is_self_test(path.name)]


def is_good(house: House) -> None:
    anchor = house.folder / "state" / "anchor.json"
    report = verify_store(house.store, against(str(anchor), None))
    assert report.good, report


@pytest.mark.parametrize("source", ["demo:", "rtsp://127.0.0.1:9/none"])
def test_a_drawn_visitor_goes_the_whole_way_and_leaves_no_trace(
    house: House, ear: Observer, source: str
) -> None:
    live = source == "demo:"
    house.config["cameras"]["yard"] = {"source": source, "enabled": live}
    agent = house.agent()
    assert ask(ear)["data"] == {"state": "started"}
    assert ask(ear)["error"]["code"] == "busy"
    found = result(ear)
    assert (found["result"], found["stage"], found["reason"]) == ("passed", None, ""), found
    assert list(found["stages"]) == STAGES
    assert found["camera"] == "yard"
    assert traces(house.store) == []
    if live:  # its visitors were seen meanwhile
        saved = json.loads(ear.wait_for(YARD.event_recording).payload)
        assert saved["camera"] == "yard"
    else:
        assert ear.of(YARD.event_motion) == ear.of(YARD.event_recording) == []
        health = json.loads(ear.payloads(YARD.health)[-1])
        assert (health["events"], health["recordings_saved"]) == (0, 0)
    own = {TOPICS.self_test, TOPICS.self_test_echo}
    strangers = [it for it in ear.heard if b"self_test_" in it.payload and it.topic not in own]
    assert strangers == []
    assert not any("self_test_" in it.topic for it in ear.heard)
    assert agent.stop() == 0
    is_good(house)


def test_the_command_prints_each_stage_in_words(
    house: House, broker: Broker, ear: Observer
) -> None:
    """Without a broker, too: then it is the stage `mqtt` that broke."""
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    absent = house.command("self-test")
    assert (absent.returncode, absent.stderr) == (1, ""), absent
    assert absent.stdout.startswith("no self test: not running"), absent
    agent = house.agent()
    wait_until("the agent knows its last test", lambda: results(ear))
    unknown = house.command("self-test", "nowhere")
    assert (unknown.returncode, "cameras: yard" in unknown.stderr) == (2, True), unknown
    done = house.command("self-test", "yard", within=LONG)
    assert (done.returncode, done.stderr) == (0, ""), done
    head, *stages = done.stdout.splitlines()
    assert head.startswith("self test with the settings of yard: passed in ")
    assert [line.split()[:2] for line in stages] == [[stage, "passed"] for stage in STAGES]
    broker.stop()
    done = house.command("self-test", within=LONG)  # it waits until a minute is over
    assert (done.returncode, done.stderr) == (1, ""), done
    assert "mqtt      failed: the test's message did not come back" in done.stdout, done
    assert not (house.folder / "state" / NAME).exists()
    broker.start()
    assert agent.stop() == 0


def test_without_a_store_its_stages_are_skipped(house: House, ear: Observer) -> None:
    del house.config["store"]
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    house.agent()
    ask(ear, '{"camera": "yard"}')
    found = result(ear)
    assert found["result"] == "passed", found
    assert found["skipped"] == dict.fromkeys(
        ("clip", "store", "playback"), "no store is configured"
    )


def test_a_store_that_is_away_is_named_and_the_spool_is_empty_again(
    house: House, ear: Observer
) -> None:
    house.config["store"]["path"] = str(house.folder / "unmounted")
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    agent = house.agent()
    ask(ear)
    found = result(ear)
    assert (found["result"], found["stage"]) == ("failed", "store"), found
    assert "store: absent" in found["reason"]
    assert agent.stop() == 0
    assert list((house.folder / "state" / "spool").glob("*.rec")) == []


def test_a_broker_that_goes_away_is_named_once_it_is_back(
    house: House, broker: Broker, ear: Observer
) -> None:
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    agent = house.agent()
    ask(ear)
    wait_until_it_runs(ear)
    broker.stop()
    agent.wait_for_line("self test: failed at stage mqtt", LONG)
    broker.start()
    found = result(ear)
    assert (found["result"], found["stage"]) == ("failed", "mqtt"), found
    assert "broker: " in found["reason"]
    assert traces(house.store) == []


def test_what_a_kill_leaves_is_cleaned_and_called_interrupted(house: House, ear: Observer) -> None:
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    agent = house.agent()
    ask(ear)
    wait_until("it is being stored", lambda: traces(house.store))
    wait_until_it_runs(ear)
    kill_all(agent)
    assert results(ear)[-1]["result"] == "running"
    agent = house.agent()
    found = result(ear)
    assert (found["result"], found["reason"]) == ("failed", INTERRUPTED), found
    wait_until("nothing is left", lambda: not traces(house.store))
    assert agent.stop() == 0
    assert list((house.folder / "state" / "spool").glob("*.rec")) == []
    is_good(house)


def test_an_agent_that_is_stopped_in_the_middle_leaves_in_time_and_says_so(
    house: House, ear: Observer
) -> None:
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    agent = house.agent()
    ask(ear)
    wait_until("it is being stored", lambda: traces(house.store))
    assert agent.stop() == 0
    assert "still busy" not in agent.log
    found = result(ear)
    assert (found["result"], found["reason"]) == ("failed", INTERRUPTED), found
    assert traces(house.store) == []
    is_good(house)


def test_it_begins_by_itself_at_night_by_the_local_clock(
    house: House, ear: Observer, tmp_path: Path
) -> None:
    house.config["cameras"]["yard"] = {"source": "demo:", "enabled": False}
    house.config["self_test"] = {"at": "03:30"}
    house.config["agent"]["trust_clock"] = "always"
    (tmp_path / CLOCK).write_bytes(bytes(8))
    put_ahead(tmp_path, seconds_ahead("2028-02-29T02:00:00-03:30", datetime.now(UTC)))
    house.agent(TZ="America/St_Johns", **wallclock(tmp_path))
    wait_until("the agent knows its last test", lambda: results(ear))
    put_ahead(tmp_path, seconds_ahead("2028-02-29T03:29:58-03:30", datetime.now(UTC)))
    wait_until_it_runs(ear)
    begun = datetime.fromisoformat(results(ear)[-1]["at"])
    assert begun.strftime("%m-%d %H:%M") == "02-29 07:00"
