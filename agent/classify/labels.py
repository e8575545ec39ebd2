"""The words of the networks, and what each of them is for us. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.errors import ConfigError
from agent.core.event_label import Label

_WORDS = """
person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign
parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella
handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard
surfboard tennis_racket bottle wine_glass cup fork knife spoon bowl banana apple sandwich orange
broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed dining_table toilet tv laptop
mouse remote keyboard cell_phone microwave oven toaster sink refrigerator book clock vase scissors
teddy_bear hair_drier toothbrush
"""
#: COCO's 80 classes in the order of the networks that were trained on them.
COCO = tuple(_WORDS.split())
#: Numbers of COCO's 90 that no picture was labelled with: TensorFlow's networks count them.
_NEVER_USED = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})


def coco_90() -> tuple[str, ...]:
    """The words by TensorFlow's numbers; number 0 is the background, unused ones are empty."""
    words = iter(COCO)
    used = ("" if n in _NEVER_USED else next(words) for n in range(1, 91))
    return ("", *used)


#: A network's word -> what it is for us. A boat or an aeroplane in a yard is a mistake. An elephant
#: or a zebra is one, too, but of an animal: of 118 pets in test scenes some were called sheep or
#: bear.
GROUPS: dict[str, Label] = {
    "person": Label.PERSON,
    **dict.fromkeys(("bicycle", "car", "motorcycle", "bus", "train", "truck"), Label.VEHICLE),
    **dict.fromkeys(
        ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
        Label.ANIMAL,
    ),
}
#: Words that stand behind a colon in a file of labels.
_OF_A_FILE = {label.value: label for label in Label if label is not Label.UNKNOWN}

#: Characters of a word: it stands in messages and in a notification.
_LONGEST_WORD = 64

Words = tuple[tuple[str, Label | None], ...]


def grouped(words: Iterable[str]) -> Words:
    """Each word with its group; None: it is none of ours."""
    return tuple((word, GROUPS.get(word)) for word in words)


def parse_labels(text: str) -> Words:
    """A file of labels: a word a line, in the network's order, `van: vehicle` for one of your own.

    An empty line is a word that the network does not use; at the end it is none.

    Raises:
        ConfigError: nothing in it is a person, a vehicle or an animal, a group has another name, or
            a word is too long.
    """
    found: list[tuple[str, Label | None]] = []
    for number, line in enumerate(text.rstrip().splitlines(), 1):
        word, colon, group = (part.strip().lower() for part in line.partition(":"))
        if colon and group not in _OF_A_FILE:
            allowed = ", ".join(_OF_A_FILE)
            raise ConfigError(f"labels: line {number}: behind the colon stands {allowed}")
        name = word.replace(" ", "_")
        if len(name) > _LONGEST_WORD:
            most = f"a word has at most {_LONGEST_WORD} characters"
            raise ConfigError(f"labels: line {number}: {most}: is it a file of labels?")
        found.append((name, _OF_A_FILE[group] if colon else GROUPS.get(name)))
    if not any(group for _, group in found):
        raise ConfigError(
            "labels: no line is a person, a vehicle or an animal: write `van: vehicle`"
        )
    return tuple(found)
