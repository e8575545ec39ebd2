"""The engine: a camera's sound was loud."""

from __future__ import annotations

import json

from agent.core.loudness import Loudness, SoundHeard, SoundLimits
from agent.core.state import Gauges, Tick
from agent.core.stats import VisionStats
from schemas.messages import Record
from tests.support.engine_rig import START, YARD, Rig

BANG = Loudness(at=100.0, level=-11.96, background=-58.24, duration=0.31, whole=True, suppressed=2)
HEARD = SoundHeard("yard", "01A", START, BANG, SoundLimits(-25.0, 10.0))


def test_it_is_journalled_with_what_decided_and_offered_to_home_assistant() -> None:
    rig = Rig(last_seq={("yard", "sound"): 7, ("yard", "motion"): 40})
    rig.live()
    rig.do(HEARD)
    (record,) = [effect for effect in rig.effects if isinstance(effect, Record)]
    assert (record.stream, record.seq, record.offer) == ("sound", 8, f"{YARD}/home_assistant/sound")
    assert (record.publish.topic, record.publish.retain) == (f"{YARD}/event/sound", False)
    said = json.loads(record.publish.payload)
    assert (said["event_type"], said["level"], said["suppressed"]) == ("sound_heard", -12.0, 2)
    why = said["explanation"]
    assert (why["threshold"], why["background"], why["rise"]) == (-25.0, -58.2, 10.0)
    assert why["text"] == (
        "-12 dBFS, 46 dB above the background of -58 dBFS, for 0.3 s; an event begins at -25 dBFS"
        " and 10 dB above the background"
    )
    rig.do(HEARD)
    assert [record.seq for record in rig.effects if isinstance(record, Record)] == [9]


def test_the_level_is_in_health() -> None:
    rig = Rig()
    rig.live()
    vision = {"yard": VisionStats(sound_level=-12.34, sound_background=-58.26)}
    rig.do(Tick(Gauges(vision=vision)), after=61.0)
    said = json.loads(rig.published(f"{YARD}/health")[-1])
    assert (said["sound_level_dbfs"], said["sound_background_dbfs"]) == (-12.3, -58.3)
    rig.do(Tick(Gauges()), after=61.0)
    assert json.loads(rig.published(f"{YARD}/health")[-1])["sound_level_dbfs"] is None
