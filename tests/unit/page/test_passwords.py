from __future__ import annotations

import pytest

from agent.page.passwords import LONGEST, fits, hashed, is_hash


def test_a_password_fits_its_own_hash_only_and_no_two_hashes_are_alike() -> None:
    one, other = hashed("straße 1"), hashed("straße 1")
    assert one != other
    assert is_hash(one)
    assert fits("straße 1", one)
    assert fits("straße 1", other)
    assert not fits("strasse 1", one)
    assert not fits("", one)
    assert "stra" not in one


@pytest.mark.parametrize(
    "stored",
    ["", "plain", "scrypt$16384$8$1$00", "scrypt$0$0$0$" + "0" * 32 + "$" + "0" * 64,
     "scrypt$999999$99$9$" + "0" * 32 + "$" + "0" * 64],
)  # fmt: skip
def test_what_is_no_hash_fits_nothing(stored: str) -> None:
    assert not fits("anything", stored)


def test_a_very_long_password_is_refused_without_work() -> None:
    assert not fits("x" * (LONGEST + 1), hashed("x" * 8))
