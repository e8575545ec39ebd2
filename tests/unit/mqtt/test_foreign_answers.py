from __future__ import annotations

from agent.mqtt.foreign_answers import AT_ONCE, CLOSED_FOR, Elsewhere


def test_two_lost_connections_close_it_for_an_hour() -> None:
    elsewhere = Elsewhere("s/pi/")
    for at in (0.0, 10.0):
        assert not elsewhere.closed(at)
        elsewhere.sent(1, "x/y", at)
        assert elsewhere.lost(at + 0.1) == "x/y"
    assert elsewhere.closed(11.0)
    assert not elsewhere.closed(CLOSED_FOR + 1.0)


def test_what_was_acknowledged_or_long_ago_is_above_suspicion() -> None:
    elsewhere = Elsewhere("s/pi/")
    elsewhere.sent(1, "x/y", 0.0)
    elsewhere.acknowledged(1)
    assert elsewhere.lost(0.1) is None
    elsewhere.sent(2, "x/y", 1.0)
    assert elsewhere.lost(1.1 + AT_ONCE) is None


def test_a_broker_that_was_gone_itself_takes_one_loss_back() -> None:
    elsewhere = Elsewhere("s/pi/")
    for at in (0.0, 10.0, 20.0):
        elsewhere.sent(1, "x/y", at)
        elsewhere.lost(at)
        if at < 20.0:
            elsewhere.gone()
            elsewhere.gone()
    elsewhere.sent(2, "x/y", 30.0)
    elsewhere.lost(30.0)
    assert elsewhere.closed(31.0)


def test_our_own_topics_are_not_elsewhere() -> None:
    elsewhere = Elsewhere("s/pi/")
    assert [elsewhere.names(topic) for topic in ("s/pi/a", "s/pi2/a", "x")] == [False, True, True]
