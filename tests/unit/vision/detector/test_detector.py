"""The detector's rules, with counts worked out by hand and against a naive oracle."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.errors import ConfigError
from agent.core.messages import Detection, Reason
from agent.imaging.orientation import Orientation
from agent.vision.detector.detector import Detector
from agent.vision.detector.masks import Mask

Luma = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Rules:
    pixel_threshold: int = 50
    min_changed: float = 0.0814
    max_changed: float = 16.28


def grey(level: int = 0, height: int = 480, width: int = 640) -> Luma:
    return np.full((height, width), level, np.uint8)


def with_pixels(count: int, level: int = 255, **size: int) -> Luma:
    """`count` pixels of `level` on black, row by row."""
    plane = grey(0, **size)
    plane.reshape(-1)[:count] = level
    return plane


def masked(pixels: Luma) -> Mask:
    return Mask(Path("mask.png"), pixels)


def judge_last(
    detector: Detector, *lumas: Luma, rules: Rules | None = None
) -> tuple[Detection, Luma]:
    """The verdict on the last of these frames, after one more black frame for the warm-up."""
    for seq, luma in enumerate((np.zeros_like(lumas[0]), *lumas)):
        detection = detector.judge(luma, seq, seq / 4, rules or Rules())
    return detection, detector.binary()


@pytest.mark.parametrize(
    ("profile", "every", "warming"),
    [
        *(("robust", 10.0, 2), ("plain", 2.5, 2), ("plain", 2.4, 3), ("robust", 0.3, 3)),
        ("seed", 10.0, 3),
    ],
)
def test_a_slow_camera_is_judged_as_soon_as_there_are_two_frames_to_compare_with(
    profile: str, every: float, warming: int
) -> None:
    detector = Detector(profile)
    for _session in range(2):
        reasons = [
            detector.judge(grey(90 + seq % 2), seq, 100.0 + seq * every, Rules()).reason
            for seq in range(6)
        ]
        assert [it for it in reasons if it is Reason.WARMING_UP] == reasons[:warming]
        detector.forget()


# ---------------------------------------------------------------- the seed's rule


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (250, Reason.QUIET),
        (251, Reason.MOTION),
        (49_999, Reason.MOTION),
        (50_000, Reason.TOO_MUCH),
    ],
)
def test_seed_calls_motion_what_lies_strictly_between_its_two_counts(
    count: int, reason: Reason
) -> None:
    detection, _ = judge_last(Detector("seed"), grey(), grey(), with_pixels(count))

    assert (detection.changed_pixels, detection.reason) == (count, reason)
    assert detection.motion is (reason is Reason.MOTION)


@pytest.mark.parametrize(
    ("before", "last", "now", "count"),
    [
        (0, 0, 51, 307_200),  # 51 & 51 = 51, above 50
        (0, 0, 50, 0),  # 50 is not above 50
        (0, 255, 128, 0),  # 128 & 127 = 0
        (0, 191, 127, 307_200),  # 127 & 64 = 64
        (0, 63, 127, 307_200),  # 127 & 64 = 64
        (0, 64, 127, 307_200),  # 127 & 63 = 63
        (60, 65, 128, 0),  # 68 & 63 = 4: both differ by more than 50
        (10, 20, 255, 307_200),  # 245 & 235 = 225
    ],
)
def test_seed_combines_the_values_of_the_differences_bit_by_bit(
    before: int, last: int, now: int, count: int
) -> None:
    detection, _ = judge_last(Detector("seed"), grey(before), grey(last), grey(now))

    assert detection.changed_pixels == count


def test_seed_cuts_the_masks_grey_values_into_the_difference_as_they_are() -> None:
    mask = grey(255)
    mask[:, :10] = 32  # 255 & 32 = 32: under the threshold
    mask[:, 10:20] = 64  # 255 & 64 = 64: above
    mask[:, 20:30] = 0

    detection, binary = judge_last(
        Detector("seed", masked(mask)), grey(), grey(), with_pixels(640, 255)
    )

    assert detection.changed_pixels == 640 - 10 - 10
    assert detection.unmasked_pixels == 480 * 630
    assert not binary[:, :10].any()
    assert binary[0, 10:20].all()


@pytest.mark.parametrize(("height", "width", "least"), [(240, 320, 62.5), (1080, 1920, 1687.5)])
def test_seed_scales_its_counts_by_the_area(height: int, width: int, least: float) -> None:
    size = {"height": height, "width": width}
    black = grey(0, **size)

    under, _ = judge_last(Detector("seed"), black, black, with_pixels(int(least), **size))
    over, _ = judge_last(Detector("seed"), black, black, with_pixels(int(least) + 1, **size))

    assert (under.motion, over.motion) == (False, True)


def test_seed_says_its_counts_as_percent_of_the_unmasked_pixels() -> None:
    mask = grey(255)
    mask[:240] = 0
    plane = grey()
    plane[479, :300] = 255

    detection, _ = judge_last(Detector("seed", masked(mask)), grey(), grey(), plane)

    assert detection.motion
    assert detection.unmasked_pixels == 153_600
    assert detection.min_changed == pytest.approx(100 * 250 / 153_600)
    assert detection.max_changed == pytest.approx(100 * 50_000 / 153_600)
    assert detection.min_changed < detection.score < (detection.max_changed or 0)


def test_seed_follows_a_limit_that_was_changed_as_percent() -> None:
    rules = Rules(min_changed=1.0)  # 3072 pixels

    quiet, _ = judge_last(Detector("seed"), grey(), grey(), with_pixels(3072), rules=rules)
    motion, _ = judge_last(Detector("seed"), grey(), grey(), with_pixels(3073), rules=rules)

    assert (quiet.motion, motion.motion) == (False, True)
    assert motion.min_changed == 1.0
    assert motion.max_changed == pytest.approx(100 * 50_000 / 307_200)


def test_seed_follows_an_upper_limit_that_was_changed_as_percent() -> None:
    rules = Rules(max_changed=1.0)

    detection, _ = judge_last(Detector("seed"), grey(), grey(), with_pixels(3072), rules=rules)

    assert detection.reason is Reason.TOO_MUCH
    assert detection.min_changed == pytest.approx(100 * 250 / 307_200)


def naive_seed(before: Luma, last: Luma, now: Luma, mask: Luma | None, threshold: int) -> Luma:
    """The rule in plain numpy, signed arithmetic, nothing reused."""
    first = np.abs(now.astype(np.int16) - before.astype(np.int16))
    second = np.abs(now.astype(np.int16) - last.astype(np.int16))
    both = first & second
    if mask is not None:
        both &= mask.astype(np.int16)
    return np.where(both > threshold, 255, 0).astype(np.uint8)


@given(st.integers(0, 2**32), st.integers(1, 255), st.sampled_from(["with mask", "without"]))
@settings(deadline=None, max_examples=40)
def test_seed_agrees_with_a_naive_oracle_on_random_frames(
    seed: int, threshold: int, case: str
) -> None:
    rng = np.random.default_rng(seed)
    lumas = rng.integers(0, 256, (7, 24, 32), dtype=np.uint8)
    mask = rng.integers(0, 256, (24, 32), dtype=np.uint8) if case == "with mask" else None
    detector = Detector("seed", None if mask is None else masked(mask))
    rules = Rules(threshold)

    for seq, luma in enumerate(lumas):
        detection = detector.judge(luma, seq, seq / 4, rules)
        if seq < 3:
            continue
        expected = naive_seed(lumas[seq - 2], lumas[seq - 1], luma, mask, threshold)
        count = int(np.count_nonzero(expected))
        assert np.array_equal(detector.binary(), expected)
        assert detection.changed_pixels == count
        area = 24 * 32 / 307_200
        assert detection.motion is (250 * area < count < 50_000 * area)


# ---------------------------------------------------------------- the plain rule


def test_plain_takes_the_smaller_difference_where_the_seeds_and_is_zero() -> None:
    frames = (grey(0), grey(255), grey(128))  # differences 128 and 127

    plain, _ = judge_last(Detector("plain"), *frames)
    seed, _ = judge_last(Detector("seed"), *frames)

    assert (plain.changed_pixels, seed.changed_pixels) == (307_200, 0)


def test_plain_ignores_what_differs_from_one_of_the_two_frames_only() -> None:
    moved_away, _ = judge_last(Detector("plain"), grey(), with_pixels(5000), grey())

    assert moved_away.changed_pixels == 0


def test_plain_looks_where_the_mask_is_128_or_more() -> None:
    mask = grey(0)
    mask[:, :10] = 127
    mask[:, 10:20] = 128

    detection, _ = judge_last(Detector("plain", masked(mask)), grey(), grey(), grey(60))

    assert detection.changed_pixels == detection.unmasked_pixels == 4800
    assert detection.score == 100.0


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (0, Reason.QUIET),
        (100, Reason.QUIET),
        (101, Reason.MOTION),
        (1999, Reason.MOTION),
        (2000, Reason.TOO_MUCH),
        (10_000, Reason.TOO_MUCH),
    ],
)
def test_plain_compares_percent_of_the_unmasked_pixels_strictly(count: int, reason: Reason) -> None:
    size = {"height": 100, "width": 100}
    rules = Rules(min_changed=1.0, max_changed=20.0)
    black = grey(0, **size)

    detection, _ = judge_last(
        Detector("plain"), black, black, with_pixels(count, **size), rules=rules
    )

    assert (detection.score, detection.reason) == (count / 100, reason)


def test_the_pixel_threshold_in_force_is_that_of_the_call() -> None:
    detector = Detector("plain")
    for seq in range(3):
        detector.judge(grey(), seq, 0.0, Rules())

    strict = detector.judge(grey(60), 3, 0.0, Rules(pixel_threshold=60))
    detector.forget()
    for seq in range(4, 7):
        detector.judge(grey(), seq, 0.0, Rules())
    loose = detector.judge(grey(60), 7, 0.0, Rules(pixel_threshold=59))

    assert (strict.changed_pixels, loose.changed_pixels) == (0, 307_200)
    assert (strict.pixel_threshold, loose.pixel_threshold) == (60, 59)


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("profile", ["plain", "seed"])
def test_the_first_three_frames_are_never_motion(profile: str) -> None:
    detector = Detector(profile)
    flicker = [grey(), with_pixels(5000), grey(), with_pixels(5000), grey(0)]

    reasons = [detector.judge(it, n, n / 4, Rules()).reason for n, it in enumerate(flicker)]

    assert reasons[:3] == [Reason.WARMING_UP] * 3
    assert Reason.WARMING_UP not in reasons[3:]


def test_after_forgetting_nothing_before_is_compared() -> None:
    detector = Detector("plain")
    judge_last(detector, grey(), grey(), with_pixels(5000))

    detector.forget()

    assert not detector.binary().any()
    reasons = [detector.judge(grey(90), seq, 1.0, Rules()).reason for seq in range(4)]
    assert reasons == [Reason.WARMING_UP] * 3 + [Reason.QUIET]


def test_frames_of_another_size_are_judged_from_their_fourth_on() -> None:
    detector = Detector("plain")
    judge_last(detector, grey(), grey(), grey())

    small = [detector.judge(grey(0, 120, 160), seq, 1.0, Rules()) for seq in range(4)]

    assert [it.reason for it in small] == [Reason.WARMING_UP] * 3 + [Reason.QUIET]
    assert small[3].unmasked_pixels == 120 * 160
    assert detector.binary().shape == (120, 160)


def test_a_mask_of_another_size_stops_the_judging_with_both_sizes_named() -> None:
    detector = Detector("plain", masked(grey(255, 10, 20)))

    for _ in range(2):
        with pytest.raises(ConfigError, match="is 20x10, but the camera's pictures are 640x480"):
            detector.judge(grey(), 0, 0.0, Rules())


def test_an_unknown_profile_is_a_configuration_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'rubost' is unknown; allowed are robust, plain, seed"):
        Detector("rubost")


def test_anything_but_a_luma_plane_is_refused() -> None:
    with pytest.raises(ValueError, match=r"uint8 \(H, W\)"):
        Detector("plain").judge(np.zeros((4, 4, 3), np.uint8), 0, 0.0, Rules())


def test_frames_are_read_only_and_stay_unchanged() -> None:
    frames = [grey(), grey(), with_pixels(5000), grey()]
    for it in frames:
        it.flags.writeable = False
    detector = Detector("plain", masked(grey(200)))

    judge_last(detector, *frames)

    assert np.array_equal(frames[2], with_pixels(5000))


def test_the_binary_image_is_a_copy() -> None:
    detector = Detector("plain")
    _, binary = judge_last(detector, grey(), grey(), with_pixels(5000))

    judge_last(detector, grey(), grey(), grey())

    assert np.count_nonzero(binary) == 5000


# ---------------------------------------------------------------- the box


def test_the_box_surrounds_the_largest_part_and_not_the_specks() -> None:
    plane = grey()
    plane[96:192, 160:320] = 255
    plane[470:472, 630:634] = 255

    detection, _ = judge_last(Detector("plain"), grey(), grey(), plane)

    assert detection.box == (160 / 640, 96 / 480, 160 / 640, 96 / 480)


def test_the_box_of_a_large_picture_is_exact_too() -> None:
    plane = grey(0, 1080, 1920)
    plane[101:303, 505:777] = 255
    black = np.zeros_like(plane)

    detection, _ = judge_last(Detector("plain"), black, black, plane)

    assert detection.box == (505 / 1920, 101 / 1080, 272 / 1920, 202 / 1080)


def test_the_box_is_that_of_the_stored_picture() -> None:
    plane = grey()
    plane[0:48, 0:64] = 255

    detection, _ = judge_last(
        Detector("plain", orientation=Orientation(rotate=180)), grey(), grey(), plane
    )

    assert detection.box == pytest.approx((0.9, 0.9, 0.1, 0.1))


def test_without_motion_there_is_no_box() -> None:
    quiet, _ = judge_last(Detector("plain"), grey(), grey(), with_pixels(10))
    too_much, _ = judge_last(Detector("plain"), grey(), grey(), grey(255))

    assert quiet.box is None
    assert too_much.box is None


@given(
    st.integers(1, 70), st.integers(1, 70), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32)
)
@settings(deadline=None)
def test_the_box_lies_in_the_picture_and_holds_changed_pixels(
    height: int, width: int, down: float, across: float, seed: int
) -> None:
    plane = np.zeros((height, width), np.uint8)
    y, x = int(down * (height - 1)), int(across * (width - 1))
    plane[y : y + 5, x : x + 5] = 255
    plane.reshape(-1)[seed % plane.size] = 255
    rules = Rules(min_changed=0.0, max_changed=101.0)

    detection, binary = judge_last(
        Detector("plain"), np.zeros_like(plane), np.zeros_like(plane), plane, rules=rules
    )

    assert detection.box is not None
    left, top, wide, high = detection.box
    assert left >= 0
    assert top >= 0
    assert left + wide <= 1 + 1e-9
    assert top + high <= 1 + 1e-9
    rows = slice(round(top * height), round((top + high) * height))
    columns = slice(round(left * width), round((left + wide) * width))
    assert binary[rows, columns].any()
