from __future__ import annotations

import threading
from dataclasses import replace

from agent.mqtt.outbox import MAX_ANSWERS, MAX_RECORDS, Outbox
from schemas.messages import EventsQuery, Publish, Query, Record, state
from tests.support.waiting import PATIENCE


def answer(text: str) -> Publish:
    return Publish("a/response/x", text.encode())


def picture(topic: str, text: str) -> Publish:
    return Publish(topic, text.encode(), qos=0, retain=True)


def record(seq: int) -> Record:
    return Record("door", "motion", seq, Publish("a/event", b"{}"))


def opened() -> Outbox:
    outbox = Outbox()
    outbox.open()
    return outbox


def drained(outbox: Outbox) -> list[Publish | Query]:
    messages = []
    while (message := outbox.next_message()) is not None:
        messages.append(message)
    return messages


def test_the_newest_state_goes_out_in_the_place_of_the_first() -> None:
    outbox = opened()
    for topic, text in (("a", "1"), ("b", "1"), ("a", "2")):
        outbox.put(state(topic, text))
    assert drained(outbox) == [state("a", "2"), state("b", "1")]


def test_without_a_connection_states_and_pictures_are_not_kept() -> None:
    outbox = Outbox()
    outbox.put(state("a", "1"))
    outbox.put(picture("p", "1"))
    outbox.open()
    assert outbox.empty
    assert outbox.dropped == 0


def test_the_end_of_a_connection_forgets_what_was_true_then() -> None:
    outbox = opened()
    outbox.put(state("a", "1"))
    outbox.put(picture("p", "1"))
    outbox.close()
    outbox.open()
    assert drained(outbox) == []
    assert outbox.next_picture() is None


def test_an_answer_goes_out_after_the_picture_it_speaks_of() -> None:
    outbox = opened()
    outbox.put(picture("p", "1"))
    outbox.put(Publish("a/response/x", b"1", after="p"))
    assert drained(outbox) == []
    assert outbox.next_picture() == picture("p", "1")
    assert drained(outbox) == [Publish("a/response/x", b"1", after="p")]


def test_an_answer_whose_picture_is_not_sent_waits_for_nothing() -> None:
    outbox = opened()
    outbox.put(picture("other", "1"))
    outbox.put(Publish("a/response/x", b"1", after="p"))
    assert len(drained(outbox)) == 1


def test_answers_and_records_wait_for_a_connection() -> None:
    outbox = Outbox()
    query = EventsQuery("door", 0, ("a/response/events",), None, None)
    for message in (answer("1"), query, record(1)):
        outbox.put(message)
    assert drained(outbox) == []
    assert outbox.records() == [record(1)]
    outbox.open()
    assert drained(outbox) == [answer("1"), query]


def test_an_answer_follows_the_states_it_speaks_of() -> None:
    outbox = opened()
    outbox.put(answer("ok"))
    outbox.put(state("a", "1"))
    assert drained(outbox) == [state("a", "1"), answer("ok")]


def test_a_picture_follows_the_states() -> None:
    outbox = opened()
    outbox.put(picture("p", "1"))
    outbox.put(state("a", "1"))
    assert outbox.next_picture() is None
    assert drained(outbox) == [state("a", "1")]
    assert outbox.next_picture() == picture("p", "1")


def test_only_the_newest_picture_of_a_topic_waits_with_its_own_description() -> None:
    outbox = opened()
    for text in ("1", "2", "3"):
        outbox.put(replace(picture("p", text), description=state("p/meta", text)))
    assert drained(outbox) == []
    waiting = outbox.next_picture()
    assert waiting == replace(picture("p", "3"), description=state("p/meta", "3"))
    assert outbox.next_picture() is None


def test_too_many_answers_lose_the_oldest_and_are_counted() -> None:
    outbox = opened()
    for number in range(MAX_ANSWERS + 3):
        outbox.put(answer(str(number)))
    assert outbox.dropped == 3
    assert drained(outbox)[0] == answer("3")


def test_too_many_records_lose_the_oldest_and_are_counted() -> None:
    outbox = Outbox()
    for seq in range(MAX_RECORDS + 2):
        outbox.put(record(seq))
    assert outbox.dropped == 2
    assert outbox.records()[0] == record(2)
    assert outbox.empty


def test_what_is_put_wakes_the_reader() -> None:
    outbox = opened()
    outbox.put(answer("1"))
    outbox.wait(600)  # returns at once, or the test's own time runs out
    outbox.wake()
    outbox.wait(600)


def test_removing_a_picture_is_not_undone_by_the_picture_itself() -> None:
    outbox = opened()
    outbox.put(picture("p", "1"))
    outbox.put(state("s", "1"))
    outbox.put(state("p", b""))
    outbox.put(state("s", b""))
    assert not outbox.empty
    assert outbox.cleared() == [state("p", b""), state("s", b"")]
    assert drained(outbox) == []
    assert outbox.next_picture() is None
    assert outbox.empty


def test_what_clears_waits_for_a_connection_and_stays_whatever_comes_after_it() -> None:
    outbox = Outbox()
    outbox.put(state("p", b""))
    outbox.open()
    assert outbox.cleared() == [state("p", b"")]
    outbox.put(state("p", b""))
    outbox.put(picture("p", "2"))
    assert outbox.cleared() == [state("p", b"")]
    assert outbox.next_picture() == picture("p", "2")


def test_an_answer_that_waits_for_its_picture_lets_the_others_pass() -> None:
    outbox = opened()
    outbox.put(picture("p", "1"))
    outbox.put(Publish("a/response/x", b"1", after="p"))
    outbox.put(Publish("a/response/y", b"2"))
    assert drained(outbox) == [Publish("a/response/y", b"2")]
    assert outbox.next_picture() == picture("p", "1")
    assert drained(outbox) == [Publish("a/response/x", b"1", after="p")]


def test_it_is_empty_only_when_nothing_of_any_kind_waits() -> None:
    for message in (state("a", "1"), picture("p", "1"), answer("x"), record(1)):
        outbox = opened()
        assert outbox.empty
        outbox.put(message)
        assert not outbox.empty


def test_without_a_connection_again_states_are_not_kept() -> None:
    outbox = opened()
    outbox.close()
    outbox.put(state("a", "1"))
    assert outbox.empty


def test_a_wait_lasts_until_something_is_put_and_the_next_one_again() -> None:
    outbox, passed = opened(), threading.Semaphore(0)

    def waiting() -> None:
        for _ in range(2):
            outbox.wait(PATIENCE)
            passed.release()

    thread = threading.Thread(target=waiting)
    thread.start()
    assert not passed.acquire(timeout=0.05), "nothing was put"
    outbox.put(answer("x"))
    assert passed.acquire(timeout=PATIENCE)
    assert not passed.acquire(timeout=0.05), "what was put before is no news"
    outbox.wake()
    assert passed.acquire(timeout=PATIENCE)
    thread.join(PATIENCE)
