"""Settings: limits stand once, refusals name them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import (
    PLACES,
    CameraSettings,
    allowed_text,
    check_value,
    limits,
    numbers_behind,
    parse_value,
    setting_names,
    show_value,
)

NUMBERS = [n for n in setting_names(CameraSettings) if "minimum" in limits(CameraSettings, n)]


def test_the_defaults_are_those_of_the_seed() -> None:
    settings = CameraSettings()
    assert settings.pixel_threshold == 50
    assert math.floor(settings.min_changed / 100 * 640 * 480) == 250
    assert settings.max_changed == pytest.approx(50_000 / (640 * 480) * 100, abs=0.005)


@pytest.mark.parametrize("word", ["ON", "on", " On ", "1", "true", "TRUE", "yes"])
def test_many_words_switch_on(word: str) -> None:
    assert parse_value(CameraSettings, "armed", word) is True


@pytest.mark.parametrize("word", ["OFF", "off", "0", "false", "no"])
def test_many_words_switch_off(word: str) -> None:
    assert parse_value(CameraSettings, "armed", word) is False


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_are_allowed_and_beyond_is_refused_with_the_range(name: str) -> None:
    schema = limits(CameraSettings, name)
    for end in (schema["minimum"], schema["maximum"]):
        assert parse_value(CameraSettings, name, f"{end}") == end
    for beyond in (schema["minimum"] - 1, schema["maximum"] + 1):
        with pytest.raises(ValueError, match=f"{name} must be .*{schema['maximum']:g}, not"):
            parse_value(CameraSettings, name, f"{beyond}")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-inf", "1e999", "30.5", "0x10", "٣٣٣٣"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a whole number 1\.\.255"):
        parse_value(CameraSettings, "pixel_threshold", text)


def test_home_assistants_whole_numbers_fit_a_float_setting() -> None:
    assert parse_value(CameraSettings, "min_changed", "1") == 1


@pytest.mark.parametrize(("value", "shown"), [(True, "ON"), (50, "50"), (0.0814, "0.0814")])
def test_states_are_shown_as_home_assistant_reads_them(value: float, shown: str) -> None:
    assert show_value(value) == shown


@given(st.sampled_from(NUMBERS), st.data())
def test_every_value_in_force_reads_back_as_itself(name: str, data: st.DataObject) -> None:
    schema = limits(CameraSettings, name)
    if schema["type"] == "integer":
        value: float = data.draw(st.integers(schema["minimum"], schema["maximum"]))
    else:
        value = round(data.draw(st.floats(schema["minimum"], schema["maximum"])), 3)
    assert parse_value(CameraSettings, name, show_value(value)) == value


@pytest.mark.parametrize("value", [True, "50", None, [], {}, 1e400])
def test_json_values_of_the_wrong_kind_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="pixel_threshold must be"):
        check_value(CameraSettings, "pixel_threshold", value)


@given(st.text(max_size=50))
def test_any_text_is_a_value_or_a_refusal(text: str) -> None:
    for name in setting_names(CameraSettings):
        try:
            parse_value(CameraSettings, name, text)
        except ValueError as error:
            assert allowed_text(CameraSettings, name) in str(error)  # noqa: PT017  either is right


@pytest.mark.parametrize(("place", "numbers"), PLACES.items())
def test_a_place_of_sensitivity_stands_for_its_numbers(
    place: str, numbers: tuple[int, float]
) -> None:
    wanted = dict(zip(("pixel_threshold", "min_changed"), numbers, strict=True))
    assert numbers_behind({"sensitivity": place}) == wanted
    settings = CameraSettings().changed(wanted, "robust")
    assert settings.sensitivity == place
    assert parse_value(CameraSettings, "sensitivity", f" {place.upper()} ") == place


def test_numbers_of_no_place_are_custom_and_nobody_sets_that() -> None:
    assert CameraSettings(pixel_threshold=31).sensitivity == "custom"
    with pytest.raises(ValueError, match=r"low, normal or high, not 'custom': custom is what"):
        parse_value(CameraSettings, "sensitivity", "custom")
    for wrong in (50, True, "highest", ["low"]):
        with pytest.raises(ValueError, match="sensitivity must be low, normal or high"):
            check_value(CameraSettings, "sensitivity", wrong)


def test_a_number_that_is_named_beside_the_place_wins() -> None:
    asked = numbers_behind({"sensitivity": "high", "pixel_threshold": 60})
    assert asked == {"pixel_threshold": 60, "min_changed": PLACES["high"][1]}


def test_limits_that_a_profile_does_not_use_refuse_nothing_in_it() -> None:
    assert CameraSettings().changed({"min_changed": 50.0}, "robust").min_changed == 50.0
    with pytest.raises(ValueError, match="must be above min_changed"):
        CameraSettings().changed({"min_changed": 50.0}, "plain")
