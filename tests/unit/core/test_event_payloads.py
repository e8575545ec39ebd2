"""Why something was or was not motion: in figures, and in a sentence."""

import pytest

from agent.core.event_payloads import explanation, sentence
from agent.core.messages import Detection, Reason, ZoneStay
from tests.support.detections import detection

PLAIN = detection()
ROBUST = PLAIN._replace(
    profile="robust",
    largest=0.75,
    noise=1.234567,
    limit=8.333333,
    gain=1.0,
    offset=0.0,
    shift=(0, 0),
)


def test_the_figures_of_profile_robust_are_in_the_explanation() -> None:
    told = explanation(ROBUST)

    assert (told.rule, told.profile) == ("motion", "robust")
    assert (told.largest_percent, told.noise, told.limit) == (0.75, 1.2346, 8.3333)
    assert (told.gain, told.offset, told.shift) == (1.0, 0.0, (0, 0))


def test_other_profiles_do_not_claim_what_they_did_not_measure() -> None:
    told = explanation(PLAIN)

    assert {told.largest_percent, told.noise, told.limit, told.gain, told.shift} == {None}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.MOTION, "changed by more than 8.3 grey levels, the largest part 0.750 %"),
        (Reason.LIGHT, "the scene stayed the same: light"),
        (Reason.UNCONFIRMED, "in one frame only so far"),
        (Reason.QUIET, "no part is new in its place and above 0.0814 %"),
        (Reason.DAMAGED, "the frame is torn, so it is not judged"),
        (Reason.FROZEN, "the same picture again, so it is not judged"),
        (Reason.WARMING_UP, "exposure still settles"),
    ],
)
def test_the_sentence_of_profile_robust_names_what_decided(reason: Reason, words: str) -> None:
    assert words in sentence(ROBUST._replace(reason=reason))


def test_the_sentence_tells_light_and_shift_where_there_are_any() -> None:
    told = sentence(ROBUST._replace(gain=0.8, offset=12.0, shift=(-2, 1)))

    assert told.endswith("; light x0.80 +12 fitted out; moved by -2 and 1 pixels")


def test_the_sentence_of_profile_plain_names_the_limits() -> None:
    assert sentence(PLAIN).endswith("more than 50 grey levels: between 0.0814 % and 16.28 %")
    assert "not below max_changed" in sentence(PLAIN._replace(reason=Reason.TOO_MUCH))


@pytest.mark.parametrize(
    ("reason", "stay", "words"),
    [
        (Reason.MOTION, ZoneStay(5.25, 5.0), "inside for 5.2 of 5 s"),
        (Reason.DWELL, ZoneStay(2.0, 5.0), "inside for 2.0 of 5 s, so it does not count yet"),
        (Reason.MOTION, ZoneStay(0.5, None, "street"), "inside for 0.5 s, from zone street"),
        (
            Reason.DIRECTION,
            ZoneStay(0.5, None, "street"),
            "it did not come from zone street, so it does not count",
        ),
        (Reason.DIRECTION, ZoneStay(0.0), "motion in a watched zone alone is no event"),
    ],
)
@pytest.mark.parametrize("found", [ROBUST, PLAIN])
def test_a_zone_that_asks_for_more_is_explained(
    found: Detection, reason: Reason, stay: ZoneStay, words: str
) -> None:
    detection = found._replace(reason=reason, stay=stay, zone="gate")
    told = explanation(detection)
    assert told.text.endswith(f"; {words}")
    assert (told.inside_s, told.dwell_s, told.came_from) == stay
    assert told.zone == "gate"
