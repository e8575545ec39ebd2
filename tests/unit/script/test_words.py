"""The check of words finds what is hard to read, and its list of old files only shrinks."""

from __future__ import annotations

import pytest

from script import words

PHRASES = {"whoever": "say who", "so many": "the number"}
LONG = " ".join(["word"] * 26)


def faults(path: str, text: str) -> list[str]:
    return [f"{fault.line}: {fault.text}" for fault in words.check_text(path, text, PHRASES)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It works. It stops.", 2),
        ("It works; it stops: here.", 1),
        ("It has 1.5 MB. `code` follows.", 2),
        ("Use e.g. This one.", 1),
        ("Is it? *Yes.* No!", 3),
        ("* * *", 0),
    ],
)
def test_sentences_end_at_stops(text: str, count: int) -> None:
    assert len(words.sentences(words._plain(text))) == count


def test_code_and_links_are_words_and_addresses_are_not() -> None:
    text = words._plain("See `a b c` in [the page](https://example.org/long) of <b>1.5 MB</b>")
    assert words.words(text) == ["See", "§", "in", "the", "page", "of", "1.5", "MB"]


def test_a_long_sentence_is_found_with_its_line() -> None:
    assert faults("a.md", f"# Title\n\nShort.\n\n{LONG}.\n") == [
        "5: 26 words, at most 25: word word word word word word ..."
    ]


def test_items_cells_and_paragraphs_end_a_sentence() -> None:
    half = " ".join(["word"] * 14)
    text = f"{half}\n\n{half}\n- {half}\n- {half}\n\n| {half} | {half} |\n|---|---|\n"
    assert faults("a.md", text) == []


def test_code_blocks_and_html_comments_are_not_read() -> None:
    assert faults("a.md", f"```sh\n{LONG} whoever\n```\n<!-- whoever\n{LONG} -->\n") == []


def test_lines_after_an_html_comment_keep_their_numbers() -> None:
    assert faults("a.md", "<!-- a\nb -->\n\nwhoever\n") == ['4: "whoever": say who']


def test_a_hard_phrase_is_found_whole_and_not_in_code() -> None:
    text = "So many words. Whoever reads `whoever` meets so-many things.\n"
    assert faults("a.md", text) == ['1: "whoever": say who', '1: "so many": the number']


def test_a_page_of_long_sentences_fails_by_its_average() -> None:
    text = "\n\n".join(["the cat sat on the mat and ate all of the fish that it had found"] * 10)
    assert faults("a.md", text) == ["1: 16.0 words a sentence, below 15"]


def test_a_page_of_long_words_fails_by_its_ease() -> None:
    text = "\n\n".join(["Unnecessarily complicated terminology deteriorates readability."] * 30)
    assert [fault.split(":")[1][:13] for fault in faults("a.md", text)] == [" reading ease"]


def test_comments_and_docstrings_are_read_and_code_is_not() -> None:
    module = f'''"""Whoever."""

TEXT = "whoever {LONG}"
KEY = 1
"""Whoever below an attribute."""
# one comment that
# goes on: whoever
def f() -> None:
    """First line.

    {LONG} {LONG}
    """
    x = 1  # so many
'''
    assert faults("a.py", module) == [
        '1: "whoever": say who',
        '5: "whoever": say who',
        '6: "whoever": say who',
        "11: 52 words, at most 30: word word word word word word ...",
        '13: "so many": the number',
    ]


def test_pictures_in_docstrings_are_not_read() -> None:
    module = f'''"""Machine.

    A --{LONG}--> B
    C --{LONG}--> D

    ```
    {LONG} {LONG}
    ```
"""
'''
    assert faults("a.py", module) == []


def test_marks_for_tools_are_no_comments() -> None:
    assert words.code_blocks("import os  # noqa: F401\nx: int = f()  # type: ignore[x]\n") == []


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("table", 2), ("made", 1), ("jumped", 1), ("wanted", 2), ("camera", 3)],
)
def test_syllables(word: str, count: int) -> None:
    assert words.syllables(word) == count


def test_the_table_of_phrases_is_that_of_the_page() -> None:
    phrases = words.hard_phrases(words.RULES.read_text())
    assert "whoever" in phrases
    assert "number" in phrases["so many"]
    assert "trun" in words.known_words(words.RULES.read_text())


def test_more_faults_than_the_list_allows_fail() -> None:
    new = [words.Fault("a.md", 1, "x"), words.Fault("a.md", 2, "y")]
    assert words.compare(new, {"a.md": 2}) == []
    assert words.compare(new, {"a.md": 1})[:2] == ["a.md:1: x", "a.md:2: y"]
    assert words.compare(new, {}) == ["a.md:1: x", "a.md:2: y"]


def test_a_good_file_has_to_leave_the_list() -> None:
    assert words.compare([], {"a.md": 3}) == [
        "a.md is good: take it out with script/words --shrink"
    ]


def test_the_list_only_shrinks() -> None:
    found = [words.Fault("a.md", 1, "x"), words.Fault("b.md", 1, "x"), words.Fault("b.md", 2, "x")]
    assert words.shrunk(found, {"a.md": 5, "b.md": 1, "gone.md": 4}) == {"a.md": 1, "b.md": 1}


def test_misspelled_words_are_found() -> None:
    path = words.ROOT / "tests" / "unit" / "script" / "misspelled.txt"
    assert [fault.line for fault in words.spelling([str(path.relative_to(words.ROOT))])] == [2]


def test_the_list_names_files_that_are_checked() -> None:
    assert set(words.old_list(words.OLD.read_text())) <= set(words.all_files())


def test_the_figures_end_with_those_of_all_pages(capsys: pytest.CaptureFixture[str]) -> None:
    words._show_figures({"a.md": "One two three four.\n", "b.md": "One two. Three four.\n"})
    rows = [line.split(" | ")[:4] for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows == [
        ["| a.md", "4", "4.0", "4"],
        ["| b.md", "4", "2.0", "2"],
        ["| all", "8", "2.7", "4"],
    ]
