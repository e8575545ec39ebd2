"""Why was there nothing? Asked over MQTT, on the page and on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, House
from tests.support.broker import Broker, free_port
from tests.support.page_rig import TOKEN, Visitor
from tests.support.waiting import wait_until

ANSWER = TOPICS.response("explain")


def ask(ear: Ear, at: str) -> dict[str, Any]:
    """One question and its answer."""
    before = len(ear.of(ANSWER))
    ear.say(TOPICS.request("explain"), json.dumps({"camera": "yard", "at": at}))
    return dict(json.loads(ear.wait_for(ANSWER, before + 1).payload))


def wait_until_it_listens(ear: Ear, times: int) -> None:
    """The agent subscribes before it says that it is there."""
    said = ear.payloads
    wait_until("an agent", lambda: said(TOPICS.availability).count(b"online") >= times)


def test_the_same_moment_is_explained_everywhere_also_after_a_kill(
    tmp_path: Path, broker: Broker
) -> None:
    port = free_port()
    with (
        House(tmp_path, broker.port) as house,
        Ear(broker.port, ANSWER, TOPICS.availability) as ear,
    ):
        house.config["cameras"]["yard"] = {"source": "demo:", "armed": True}
        house.config["page"] = {"port": port, "token": TOKEN}
        agent = house.agent()
        agent.wait_for_line("page: at ")
        wait_until_it_listens(ear, 1)

        def judged() -> dict[str, Any] | None:
            """An answer of now, once frames were judged."""
            answer = ask(ear, datetime.now(UTC).isoformat(timespec="seconds"))
            return answer if answer.get("data", {}).get("moments", [{}])[0].get("judged") else None

        found = wait_until("frames that were judged", judged)
        (moment,) = found["data"]["moments"]
        assert "judged." in found["data"]["text"]
        at = moment["at"]

        visitor = Visitor(port)
        visitor.log_in(token=TOKEN)
        why = visitor.get(f"/api/cameras/yard/why?at={quote(at)}").json()
        assert "judged." in why["text"] or why["event"]

        refused = ask(ear, "soon")
        assert refused["error"]["code"] == "invalid_payload"

        assert agent.stop() == 0
        told = house.command("explain", "yard", at)
        assert told.returncode == 0, told.stderr
        assert "judged." in told.stdout

        agent = house.agent()
        wait_until_it_listens(ear, 2)
        again = wait_until("an answer", lambda: ask(ear, at)["data"]["moments"][0])
        assert again["judged"] >= moment["judged"]
        agent.kill()
        for log in (tmp_path / "state" / "verdicts").iterdir():
            log.write_bytes(log.read_bytes()[:-3])
        assert house.command("explain", "yard", at).returncode == 0


def test_the_command_line_names_what_is_wrong_with_a_question(
    tmp_path: Path, broker: Broker
) -> None:
    with House(tmp_path, broker.port) as house:
        for words, why in ((("gate", "14:03"), "cameras: yard"), (("yard", "soon"), "write 14:03")):
            told = house.command("explain", *words)
            assert told.returncode == 2
            assert why in told.stderr
        told = house.command("explain", "yard", "2026-11-22T12:00Z", "--json")
        assert json.loads(told.stdout)["moments"][0]["known"] is False
