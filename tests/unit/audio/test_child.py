"""Which device the sound process chooses."""

from __future__ import annotations

import pytest

from agent.audio.child import NoDevice, choose

DEVICES = [
    {"name": "Webcam microphone", "max_output_channels": 0},
    {"name": "vc4-hdmi: (hw:0,0)", "max_output_channels": 2},
    {"name": "USB Audio Device: - (hw:1,0)", "max_output_channels": 2},
    {"name": "default", "max_output_channels": 128},
    {"name": "USB", "max_output_channels": 2},
]


def test_without_a_name_the_default_output_is_taken() -> None:
    assert choose(DEVICES, 3, None) == 3


def test_a_part_of_a_name_is_enough_whatever_its_case() -> None:
    assert choose(DEVICES, 3, "usb audio") == 2
    assert choose(DEVICES, 3, "HW:0") == 1


def test_a_whole_name_wins_over_a_part_of_another() -> None:
    assert choose(DEVICES, 3, "usb") == 4


@pytest.mark.parametrize("default", [-1, 0, 99])
def test_without_a_default_output_there_is_no_sound(default: int) -> None:
    with pytest.raises(NoDevice, match="no sound output found"):
        choose(DEVICES, default, None)


def test_an_input_is_never_chosen_and_the_message_lists_the_outputs() -> None:
    with pytest.raises(NoDevice, match=r"'webcam'; there are: vc4-hdmi: \(hw:0,0\), USB"):
        choose(DEVICES, 3, "webcam")


def test_the_message_says_so_when_there_is_nothing_at_all() -> None:
    with pytest.raises(NoDevice, match="there are: none"):
        choose([], -1, "usb")
