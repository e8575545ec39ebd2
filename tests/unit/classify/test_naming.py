from __future__ import annotations

from agent.classify.adapters import Seen, Ssd
from agent.classify.naming import MOST_LOOKS, Verdict, best_of
from agent.core.event_label import RANKS, Label

MOTION = (0.4, 0.4, 0.2, 0.2)
HERE, ELSEWHERE = (0.45, 0.45, 0.1, 0.1), (0.8, 0.1, 0.1, 0.1)
WORDS = {"person": Label.PERSON, "car": Label.VEHICLE, "dog": Label.ANIMAL, "cat": Label.ANIMAL}


def see(word: str, score: float, box: tuple[float, float, float, float] = HERE) -> Seen:
    return Seen(word, WORDS[word], score, box)


def look(verdict: Verdict, *seen: Seen) -> Label:
    return verdict.look(best_of(seen, MOTION)).label


def test_one_sure_look_names_an_event_and_it_is_done() -> None:
    verdict = Verdict("net")
    assert look(verdict, see("person", 0.6)) is Label.PERSON
    assert verdict.done
    assert verdict.named is not None
    assert (verdict.named.sub_label, verdict.named.top_score) == ("person", 0.6)
    assert verdict.named.object_box == HERE


def test_a_weaker_look_needs_a_second_one() -> None:
    verdict = Verdict("net")
    assert look(verdict, see("dog", 0.5)) is Label.UNKNOWN
    assert look(verdict) is Label.UNKNOWN
    assert look(verdict, see("cat", 0.4)) is Label.ANIMAL, "the group counts, not the word"
    assert verdict.named is not None
    assert (verdict.named.sub_label, verdict.named.top_score) == ("dog", 0.5), "the surer word"
    assert look(Verdict("net"), see("dog", 0.39), see("dog", 0.39)) is Label.UNKNOWN


def test_names_are_only_ever_replaced_by_better_ones() -> None:
    verdict = Verdict("net")
    given = [
        look(verdict, see("dog", 0.9)),
        look(verdict, see("car", 0.7)),
        look(verdict, see("dog", 0.99)),
        look(verdict, see("person", 0.6), see("car", 0.95)),
    ]
    assert given == [Label.ANIMAL, Label.VEHICLE, Label.VEHICLE, Label.PERSON]
    assert verdict.done
    assert RANKS[:3] == (Label.PERSON, Label.VEHICLE, Label.ANIMAL)


def test_a_score_that_grows_is_kept() -> None:
    verdict = Verdict("net")
    look(verdict, see("car", 0.7))
    look(verdict, see("car", 0.9))
    look(verdict, see("car", 0.8))
    assert verdict.named is not None
    assert verdict.named.top_score == 0.9


def test_what_is_not_where_something_moved_does_not_count() -> None:
    assert look(Verdict("net"), see("car", 0.95, ELSEWHERE)) is Label.UNKNOWN
    assert (
        best_of([see("car", 0.95, ELSEWHERE), see("car", 0.6)], MOTION)[Label.VEHICLE].score == 0.6
    )


def test_after_five_looks_nothing_more_is_asked() -> None:
    verdict = Verdict("net")
    for _ in range(MOST_LOOKS):
        assert not verdict.done
        look(verdict)
    assert verdict.done
    assert verdict.named is not None
    assert verdict.named.label is Label.UNKNOWN


def test_the_operators_score_decides_and_two_thirds_of_it() -> None:
    strict = Verdict("net", min_score=0.9)
    assert look(strict, see("person", 0.7)) is Label.UNKNOWN
    assert look(strict, see("person", 0.6)) is Label.PERSON


def test_a_network_without_a_second_chance_needs_one_sure_look() -> None:
    verdict = Verdict("ssd", second=Ssd.second)
    assert {look(verdict, see("person", 0.59)) for _ in range(3)} == {Label.UNKNOWN}
    assert look(verdict, see("person", 0.6)) is Label.PERSON
