from __future__ import annotations

from agent.page.sessions import IDLE_FOR, LASTS, MOST_SESSIONS, Sessions


def test_a_session_is_found_by_its_secret_only() -> None:
    sessions = Sessions()
    secret = sessions.begin(0.0)
    found = sessions.find(secret, 1.0)
    assert found is not None
    assert found.proves(found.csrf)
    assert not found.proves("")
    assert not found.proves(found.csrf[:-1] + "ä")
    for wrong in ("", secret[:-1], secret + "x", "\udcff"):
        assert sessions.find(wrong, 1.0) is None
    assert secret not in repr(sessions._open)


def test_a_session_ends_by_log_out_by_rest_and_by_age() -> None:
    sessions = Sessions()
    secret = sessions.begin(0.0)
    sessions.end(secret)
    assert sessions.find(secret, 0.0) is None
    idle, used = sessions.begin(0.0), sessions.begin(0.0)
    at = 0.0
    while at < LASTS - IDLE_FOR:
        at += IDLE_FOR / 2
        assert sessions.find(used, at) is not None
    assert sessions.find(idle, at) is None
    assert sessions.find(used, LASTS) is None
    assert len(sessions) == 0


def test_there_are_so_many_at_most_and_the_one_unused_for_longest_goes() -> None:
    sessions = Sessions()
    secrets = [sessions.begin(float(n)) for n in range(MOST_SESSIONS)]
    assert sessions.find(secrets[0], 100.0) is not None
    sessions.begin(101.0)
    assert len(sessions) == MOST_SESSIONS
    assert sessions.find(secrets[1], 102.0) is None
    assert sessions.find(secrets[0], 102.0) is not None
