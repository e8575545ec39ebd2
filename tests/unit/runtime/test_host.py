"""What tells one machine from its clone."""

from __future__ import annotations

from pathlib import Path

from agent.mqtt.journal import Journal
from agent.runtime.host import mac_address, machine_id
from agent.service.wiring import client_id, secret_of
from schemas.topics import AgentTopics
from tests.support.clock import FakeClock


def card(folder: Path, name: str, address: str, *, device: bool) -> None:
    (folder / name).mkdir()
    (folder / name / "address").write_text(f"{address}\n")
    if device:
        (folder / name / "device").mkdir()


def test_the_first_real_network_card_counts(tmp_path: Path) -> None:
    card(tmp_path, "br0", "00:00:00:00:00:01", device=False)
    card(tmp_path, "eth0", "00:00:00:00:00:02", device=True)
    card(tmp_path, "wlan0", "00:00:00:00:00:03", device=True)
    assert mac_address(tmp_path) == "00:00:00:00:00:02"


def test_no_card_and_no_machine_id_are_empty(tmp_path: Path) -> None:
    assert mac_address(tmp_path / "none") == ""
    assert machine_id((tmp_path / "none",)) == ""


def test_a_cloned_sd_card_in_another_machine_has_another_client_id() -> None:
    topics = AgentTopics("surveillance", "pi")
    one, other = client_id(topics, "card00:02"), client_id(topics, "card00:03")
    assert one != other
    assert one == client_id(topics, "card00:02")
    assert one.startswith("surveillance-pi-")


def test_a_client_id_is_out_of_reach_of_guesses_and_the_same_after_a_restart(
    tmp_path: Path,
) -> None:
    topics, clock = AgentTopics("surveillance", "pi"), FakeClock()
    ids = []
    for folder in ("one", "one", "another"):
        (tmp_path / folder).mkdir(exist_ok=True)
        journal = Journal(tmp_path / folder / "journal.db", clock)
        ids.append(client_id(topics, "card00:02", secret_of(journal)))
        journal.close()
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0].removeprefix("surveillance-pi-")) == 20
