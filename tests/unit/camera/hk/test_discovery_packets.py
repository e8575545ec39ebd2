from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk.discovery_packets import Found, answer, parse_answer, parse_fields, question
from tests.support.fake_camera2 import framed

HOST = "192.168.1.2"
ANSWER = b"MainCmd=LocalData;HKID=5000;Prot=5000;Alias=porch;DevFlag=2;status=2;MacIP=aa;"


def test_the_question_is_the_published_one() -> None:
    text = (
        b"TIME=3600;endTime=1700003600;MainCmd=LocalData;userType=hkclient;status=1;"
        b"Prot=2726;MacIP=me;"
    )

    assert question("me", 2726, 1_700_000_000.9) == framed(0, b"\xb2\x0c\x1d", 0, text)


@pytest.mark.parametrize(
    "outer", [framed(0, b"\xb2\x0c\x1d", 0, ANSWER), b"\xb2" + bytes(8) + ANSWER]
)
def test_an_answer_counts_with_and_without_its_outer_header(outer: bytes) -> None:
    found = parse_answer(outer, HOST, "me")

    assert found is not None
    assert (found.host, found.hkid, found.port, found.name, found.kind) == (
        HOST,
        "5000",
        5000,
        "porch",
        "2",
    )


@pytest.mark.parametrize("key", ["HKID", "hkid", "DevID", "DSTHKID"])
@pytest.mark.parametrize("port", ["Prot", "UDPPort", "Port", "port"])
def test_one_meaning_has_several_names(key: str, port: str) -> None:
    text = f"{key}=K7;{port}=5001;".encode()

    found = parse_answer(framed(0, b"\xb2\x0c\x1d", 0, text), HOST, "me")

    assert found is not None
    assert (found.hkid, found.port) == ("K7", 5001)


def test_our_own_echo_and_other_clients_are_no_cameras() -> None:
    assert parse_answer(question("me", 2726, 0.0), HOST, "me") is None
    assert parse_answer(question("somebody", 2726, 0.0), HOST, "me") is None
    ours = framed(0, b"\xb2\x0c\x1d", 0, ANSWER.replace(b"aa", b"me"))
    assert parse_answer(ours, HOST, "me") is None


def test_escapes_are_undone_the_circumflex_last() -> None:
    fields = parse_fields(b"a=1^equal2^scolon3;b=^vivi;c=^viviequal;broken;=x;d=;\0junk=1;")

    assert fields == {"a": "1=2;3", "b": "^", "c": "^equal", "d": ""}


@pytest.mark.parametrize(("said", "port"), [("70000", 0), ("-1", 0), ("x", 0), ("0", 0), ("²", 0)])
def test_a_port_that_is_none_is_not_believed(said: str, port: int) -> None:
    found = parse_answer(framed(0, b"\xb2\x0c\x1d", 0, f"HKID=1;Prot={said};".encode()), HOST, "me")

    assert found is not None
    assert found.port == port


def test_what_a_stranger_says_is_fit_for_a_terminal() -> None:
    text = b"HKID=1;Alias=\x1b[31mred\x07" + b"x" * 200 + b";"

    found = parse_answer(framed(0, b"\xb2\x0c\x1d", 0, text), HOST, "me")

    assert found is not None
    assert found.name.startswith("?[31mred?xxx")
    assert len(found.name) == 64


def test_the_simulated_camera_answers_questions_and_nothing_else() -> None:
    said = answer(question("me", 2726, 0.0), "77", 5000, "sim")

    assert said is not None
    assert parse_answer(said, HOST, "me") == Found(
        HOST,
        "77",
        5000,
        "sim",
        "0",
    )
    assert answer(said, "77", 5000, "sim") is None


@given(st.one_of(st.binary(max_size=3000), st.binary(max_size=300).map(lambda b: b"\xb2" + b)))
def test_any_bytes_are_a_camera_or_none(datagram: bytes) -> None:
    parse_answer(datagram, HOST, "me")
