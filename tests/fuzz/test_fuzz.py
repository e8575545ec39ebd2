"""Every target for a bounded number of inputs: mutations of good ones, and noise."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

#: Bytes that mean something in one of the formats.
WORDS = (
    b"\xff\xd8\xff",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\xc0",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f",
    b"[[[[[[[[",
    b'{"a":',
    b"9" * 400,
    b"-1",
    b"1e999",
    b"null",
    b"*yard",
    b"&a [*a]",
    b"\xed\xa0\x80",
)


def mutated(seed: bytes, number: int) -> bytes:
    """The seed with one to eight changes."""
    chance = random.Random(number)
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(WORDS)
            case 1:
                del data[at : at + chance.randint(1, 20)]
            case 2:
                data[at : at + 1] = bytes((chance.randrange(256),))
            case 3:
                data[at : at + 4] = chance.choice(WORDS)[:4]
            case _:
                data[at:at] = data[at : at + chance.randint(1, 200)]
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_keep_the_promise(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(number=st.integers(0, 2**32))
def test_what_is_almost_right_keeps_the_promise(name: str, number: int) -> None:
    target = TARGETS[name]
    target.check(mutated(target.seeds[number % len(target.seeds)], number))


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.binary(max_size=3000))
def test_noise_keeps_the_promise(name: str, data: bytes) -> None:
    TARGETS[name].check(data)
