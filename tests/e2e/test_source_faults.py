"""A library that fails as nobody expected: it costs the cameras that need it, and no others."""

from __future__ import annotations

from pathlib import Path

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.garden import write_video
from tests.support.waiting import wait_until

#: As PyAV 19 answered an argument that it no longer has.
BROKEN = """
import av

def broken(*args, **options):
    raise TypeError("open() got an unexpected keyword argument")

av.open = broken
"""


def test_a_source_that_raises_what_it_should_not_ends_neither_the_agent_nor_other_cameras(
    house: House, ear: Ear, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    write_video(clip, 2)
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    house.config["cameras"] = {"yard": {"source": "demo:"}, "garden": {"source": f"file:{clip}"}}
    agent = house.agent(PYTHONPATH=str(tmp_path), SURVEILLANCE_LOG_LEVEL="DEBUG")
    failure = "camera garden: a fault in the agent, see its log: TypeError: open()"
    wait_until("a third attempt", lambda: agent.log.count(failure) >= 3)
    agent.wait_for_line("camera garden: unreachable: a fault in the agent")
    agent.wait_for_line("camera yard: live")
    wait_until("motion of the other camera", lambda: ear.payloads(YARD.event_motion))
    assert agent.exit_code is None
    assert agent.log.count("Traceback (most recent call last)") == 1
    assert agent.stop() == 0
