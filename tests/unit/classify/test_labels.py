from __future__ import annotations

import pytest

from agent.classify.labels import COCO, GROUPS, coco_90, parse_labels
from agent.core.errors import ConfigError
from agent.core.event_label import Label


def test_the_words_of_coco_stand_where_the_networks_count_them() -> None:
    assert len(COCO) == 80
    assert (COCO[0], COCO[2], COCO[16], COCO[79]) == ("person", "car", "dog", "toothbrush")
    ninety = coco_90()
    assert len(ninety) == 91
    assert (ninety[1], ninety[3], ninety[18], ninety[90]) == ("person", "car", "dog", "toothbrush")
    assert ninety[12] == ""
    assert set(GROUPS) <= set(COCO)


def test_own_labels_name_groups() -> None:
    words = parse_labels("person\nVan: vehicle\nfox: animal\ntree\n")
    assert words == (
        ("person", Label.PERSON),
        ("van", Label.VEHICLE),
        ("fox", Label.ANIMAL),
        ("tree", None),
    )


@pytest.mark.parametrize("text", ["", "tree\nbush\n", "van: lorry\n", "dog: unknown\n"])
def test_labels_that_name_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="labels: "):
        parse_labels(text)
