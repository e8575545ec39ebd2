"""What decoding one camera's video may take."""

from __future__ import annotations

import pytest

from agent.camera.decoder_memory import DecoderMemory
from agent.camera.decoding import Decoding
from agent.core.errors import CameraRefused
from agent.core.pacing import Glances
from agent.imaging.nal import H264
from agent.runtime.memory import LEAST_LIMIT, MIB, Memory
from tests.support.clock import FakeClock
from tests.support.endless_rtsp import coded


class _Unit:
    """A key picture with its parameter sets."""

    key, sets = True, b""

    def __init__(self, width: int, height: int, references: int) -> None:
        (units,) = coded(width, height, references, 1)
        self.data = b"".join(b"\0\0\0\1" + unit for unit in units)


def test_planes_of_large_pictures_count_as_long_as_somebody_has_them() -> None:
    memory = Memory(LEAST_LIMIT, 2)
    share = memory.share(FakeClock())
    decoding = Decoding("camera", H264, share, coded=False)
    (picture,) = decoding.take(_Unit(2560, 1440, 1), 1.0)
    assert picture.decoded is not None
    decoding.close()
    assert memory.work.used(share) == 2560 * 1440 * 3 // 2
    del picture
    assert memory.work.used(share) == 0


def test_without_room_for_planes_a_large_picture_is_handed_on_to_be_recorded() -> None:
    memory = Memory(LEAST_LIMIT, 2)
    share = memory.share(FakeClock())
    decoding = Decoding("camera", H264, share, coded=False)
    large = _Unit(2560, 1440, 1)
    decoding.take(large, 1.0)
    taken = share.hold(memory.work.most(share) - memory.work.used(share) - 1 * MIB)
    assert taken is not None
    (picture,) = decoding.take(large, 2.0)
    assert (picture.decoded, picture.video is not None) == (None, True)
    assert share.costs.reduced == 1


def test_without_room_for_planes_nothing_is_decoded_until_the_next_look() -> None:
    memory = Memory(LEAST_LIMIT, 2)
    share = memory.share(FakeClock())
    looks = Glances(3.0)
    decoding = Decoding("camera", H264, share, coded=False, looks=looks)
    large = _Unit(2560, 1440, 1)
    decoding.take(large, 1.0)
    taken = share.hold(memory.work.most(share) - memory.work.used(share) - 1 * MIB)
    assert taken is not None
    for at in (2.0, 2.03, 2.06, 2.09):
        decoding.take(large, at)
    assert share.costs.reduced == 1


def test_a_stream_that_others_decode_is_looked_at_and_takes_nothing() -> None:
    memory = Memory(LEAST_LIMIT, 2)
    share = memory.share(FakeClock())
    decoding = Decoding("camera", H264, share, coded=True)
    costly = _Unit(1920, 1088, 16)
    assert len(decoding.take(costly, 1.0)) == 1
    assert memory.work.used(share) == 0
    taken = share.hold(memory.work.most(share) - 10 * MIB)
    assert taken is not None
    other = DecoderMemory("camera", H264, share, decodes=False)
    with pytest.raises(CameraRefused, match="needs 22 pictures"):
        other.afford(costly.data)
