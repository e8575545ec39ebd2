"""A proposal that is asked for over MQTT comes as a retained state, after a look into the store."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.agent_process import TOPICS, YARD, House
from tests.support.broker import Broker
from tests.support.observer import Observer
from tests.support.waiting import wait_until


def test_marks_lead_to_a_proposal_and_the_answer_comes_at_once(
    tmp_path: Path, broker: Broker
) -> None:
    with House(tmp_path, broker.port) as house, Observer(broker.port) as observer:
        house.simulate()
        house.agent()
        saved = json.loads(observer.wait_for(YARD.event_recording).payload)
        order = {"camera": "yard", "event": saved["id"], "false_alarm": True}
        observer.say(TOPICS.request("mark"), json.dumps(order))
        marked = json.loads(observer.wait_for(TOPICS.response("mark")).payload)
        assert marked["data"] == {"id": saved["id"]}

        observer.say(TOPICS.request("propose"), '{"camera": "yard"}')
        answer = json.loads(observer.wait_for(TOPICS.response("propose")).payload)
        assert answer["data"] == {"state": "started"}

        def made() -> bool:
            """A proposal that knows of the mark."""
            said = [json.loads(it) for it in observer.payloads(YARD.proposal)]
            return any(it["ts"] and it["marked"] == 1 for it in said if "ts" in it)

        wait_until("the proposal", made)
        assert observer.complaints == []
        told = house.command("propose", "yard")
        assert told.returncode == 0, told.stderr
        assert "1 of them, and 0 other events, were judged again" in told.stdout
        assert "Mark at least 2 false alarms first" in told.stdout
