"""What is kept of a recording stream: always something that decoding can begin with."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.frame import Frame, Sound, SoundFormat, SoundUnit, Video
from agent.core.pre_roll import LONGEST_GROUP, SOUND_BYTES, StreamRoll

G711 = SoundFormat("pcm_mulaw", 8000, 1)


def frame(seq: int, *, key: bool, at: float | None = None, session: int = 1) -> Frame:
    """Ten a second, of 100 bytes."""
    video = Video(bytes(100), "h264", key)
    return Frame(b"", seq / 10 if at is None else at, seq, session, video)


def fill(roll: StreamRoll, count: int, every: int = 10) -> None:
    for seq in range(count):
        assert roll.add(frame(seq, key=seq % every == 0))


def test_it_begins_with_the_last_key_picture_that_is_old_enough() -> None:
    roll = StreamRoll(1.0)
    fill(roll, 36)
    kept = roll.frames
    assert kept[0].video is not None
    assert kept[0].video.key
    assert (kept[0].seq, kept[-1].seq, roll.newest_at) == (20, 35, 3.5)
    assert roll.dropped == 0


def test_pictures_before_the_first_key_or_behind_a_hole_are_not_taken() -> None:
    roll = StreamRoll(1.0)
    assert not roll.add(frame(0, key=False))
    assert roll.add(frame(1, key=True))
    assert roll.add(frame(2, key=False))
    assert not roll.add(frame(4, key=False))
    assert not roll.add(frame(5, key=False)), "it needs the one that was lost"
    assert roll.add(frame(6, key=True))
    assert [it.seq for it in roll.frames] == [1, 2, 6]
    assert roll.dropped == 3


def sounding(seq: int, *, key: bool = False, size: int = 1) -> Frame:
    sound = Sound(G711, (SoundUnit(bytes([seq % 256]) * size, seq / 10),))
    return Frame(b"", seq / 10, seq, 1, Video(bytes(100), "h264", key, sound=sound))


def heard(frame: Frame | None) -> list[float]:
    assert frame is not None
    assert frame.video is not None
    assert frame.video.sound is not None
    return [unit.pts for unit in frame.video.sound.units]


def test_the_sound_of_pictures_that_are_not_taken_goes_with_the_next_one_that_is() -> None:
    roll = StreamRoll(1.0)
    roll.add(sounding(0, key=True))
    assert not roll.add(sounding(2))
    assert not roll.add(sounding(3))
    assert heard(roll.add(sounding(4, key=True))) == [0.2, 0.3, 0.4]
    assert heard(roll.frames[-1]) == [0.2, 0.3, 0.4]
    assert heard(roll.add(sounding(5))) == [0.5]


def test_sound_that_waits_for_a_key_picture_is_bounded_and_the_newest_stays() -> None:
    roll = StreamRoll(1.0)
    for seq in range(12):
        assert not roll.add(sounding(seq, size=SOUND_BYTES // 10))
    taken = roll.add(sounding(12, key=True, size=SOUND_BYTES // 10))
    assert heard(taken) == [seq / 10 for seq in range(3, 13)]


def test_jpegs_stand_alone_whatever_is_lost() -> None:
    roll = StreamRoll(1.0)
    for seq in (0, 3, 17, 18):
        assert roll.add(Frame(b"jpeg", seq / 10, seq, 1))
    assert [it.seq for it in roll.frames] == [3, 17, 18]


def test_a_new_session_begins_anew() -> None:
    roll = StreamRoll(1.0)
    fill(roll, 20)
    assert not roll.add(frame(20, key=False, session=2))
    assert roll.frames == ()
    assert roll.newest_at == float("-inf")
    assert roll.add(frame(21, key=True, session=2))


def test_without_room_the_oldest_key_picture_goes_with_all_that_need_it() -> None:
    roll = StreamRoll(60.0, limit=1500)
    fill(roll, 16)
    assert [it.seq for it in roll.frames] == list(range(10, 16))
    assert roll.dropped == 10
    endless = StreamRoll(60.0, limit=1500)
    for seq in range(40):
        endless.add(frame(seq, key=seq == 0))
    assert endless.frames == ()
    assert endless.dropped == 40


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), max_size=80),
    st.integers(100, 3000),
)
def test_whatever_comes_all_that_is_kept_can_be_decoded_and_has_room(
    story: list[tuple[bool, bool, int]], limit: int
) -> None:
    roll = StreamRoll(2.0, limit)
    at, seq, refused = 0.0, 0, 0
    for key, lost, step in story:
        at, seq = at + step / 10, seq + 1 + lost
        refused += not roll.add(frame(seq, key=key, at=at))
    kept = roll.frames
    assert sum(it.size for it in kept) <= limit
    for before, it in zip((None, *kept), kept, strict=False):
        assert it.video is not None
        assert it.video.key or (before is not None and before.seq == it.seq - 1)
    assert roll.dropped >= refused


def test_what_is_older_than_the_longest_group_is_not_kept_and_can_still_be_recorded() -> None:
    roll = StreamRoll(1.0)
    key = Frame(b"", 0.0, 0, 1, Video(b"k", "h264", key=True))
    assert roll.add(key)
    for second in range(1, round(LONGEST_GROUP) + 5):
        assert roll.add(Frame(b"", float(second), second, 1, Video(b"d", "h264", key=False)))
    assert roll.frames == ()
    assert roll.newest_at == LONGEST_GROUP + 4
    assert roll.dropped == LONGEST_GROUP + 5
    late = Frame(b"", 90.0, 90, 1, Video(b"d", "h264", key=False))
    assert not roll.add(late), "what came between is lost"
    assert roll.add(Frame(b"", 91.0, 91, 1, Video(b"k", "h264", key=True)))
    assert len(roll.frames) == 1
