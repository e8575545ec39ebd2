"""How errors are worded."""

from __future__ import annotations

import errno
import os

from agent.core.errors import reason_of


def test_missing_rights_are_told_with_the_id_that_lacks_them() -> None:
    text = reason_of(PermissionError(errno.EACCES, "Permission denied"))
    assert text.startswith(f"Permission denied: the agent runs as user id {os.geteuid()}; chown it")


def test_other_errors_keep_the_words_of_the_system() -> None:
    assert reason_of(FileNotFoundError(errno.ENOENT, "No such file")) == "No such file"
    assert reason_of(OSError("something")) == "something"


def test_what_is_no_text_is_told_by_its_line_without_showing_it() -> None:
    text = reason_of(UnicodeDecodeError("utf-8", b"a\npass\xff", 6, 7, "bad"))
    assert text == "line 2 is no text in UTF-8: save the file as UTF-8"
