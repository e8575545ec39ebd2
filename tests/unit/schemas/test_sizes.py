"""Amounts of bytes, as written and as shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.config import Config
from schemas.sizes import ByteCount, parse_size


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("0", 0),
        ("500 MiB", 500 << 20),
        ("2GB", 2 * 10**9),
        (" 1.5 gib ", 3 << 29),
        ("2.01 kB", 2010),  # as a float it is 2009.99…
        ("1.1 TB", 1_100_000_000_000),
        ("999999999999999 TiB", 999_999_999_999_999 << 40),
    ],
)
def test_sizes_are_read_to_the_byte(text: str, bytes_: int) -> None:
    assert parse_size(text) == bytes_


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1 MiB", "1e3", "3 parsecs", "nan", "1 GiB 2", "٣ GB", "9" * 16]
)
def test_what_is_no_size_is_refused_with_the_units(text: str) -> None:
    with pytest.raises(ValueError, match="KiB, MiB, GiB or TiB"):
        parse_size(text)


@pytest.mark.parametrize("size", [50, "50", "0.5"])
def test_a_number_that_lacks_its_unit_is_refused(size: object) -> None:
    with pytest.raises(ValueError, match=f"write a unit, such as `{size} GB`"):
        parse_size(size)


@pytest.mark.parametrize("size", [0, "0", 50_000_000, "50000000", 2**20])
def test_bytes_that_may_be_meant_need_no_unit(size: int | str) -> None:
    assert parse_size(size) == int(size)


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [
        (0, "0 B"),
        (524_288_000, "500 MiB"),
        (2 << 30, "2 GiB"),
        (2 * 10**9, "2 GB"),
        (3 << 29, "1.5 GiB"),
        (1_234_567, "1234567 B"),
    ],
)
def test_bytes_are_shown_as_people_write_them(bytes_: int, text: str) -> None:
    assert str(ByteCount(bytes_)) == text
    assert f"{ByteCount(bytes_)}" == text


@given(st.integers(0, 10**15 - 1))
def test_what_is_shown_reads_as_the_same_number(bytes_: int) -> None:
    assert parse_size(str(ByteCount(bytes_))) == bytes_


@pytest.mark.parametrize(
    ("size", "taken"),
    [("5 GB", True), (" 1.5 gib ", True), (5, True), ("7", True), ("5 XB", False), (5.5, False)],
)
def test_the_published_schema_takes_sizes_as_they_are_written(
    size: object,
    taken: bool,  # noqa: FBT001
) -> None:
    validator = Draft202012Validator(Config.model_json_schema(mode="serialization"))
    for store in ({"keep_free": size}, {"max_size": size}, {"spool": {"max_size": size}}):
        config = {"cameras": {"a": {"source": "demo:"}}, "store": {"path": "/x", **store}}
        assert validator.is_valid(config) is taken
