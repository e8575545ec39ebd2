from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.page.ranges import Range, Unsatisfiable, parse


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-", Range(0, 99)),
        ("bytes=10-19", Range(10, 19)),
        ("bytes=10-1000", Range(10, 99)),
        ("bytes=-5", Range(95, 99)),
        ("bytes=-500", Range(0, 99)),
        ("bytes=99-99", Range(99, 99)),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-1", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=1e3-", None),
    ],
)
def test_ranges_as_the_standard_has_them(header: str | None, found: Range | None) -> None:
    assert parse(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_had(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse(header, 100)


@given(st.text(max_size=40), st.integers(0, 2**40))
def test_whatever_comes_a_range_lies_in_the_file(header: str, whole: int) -> None:
    for text in (header, "bytes=" + header):
        try:
            found = parse(text, whole)
        except Unsatisfiable:
            continue
        if found is not None:
            assert 0 <= found.first <= found.last < whole
