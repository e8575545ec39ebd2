"""The changes of `tests.mutation`: each is another program, and says what it changed."""

import ast

from tests.mutation.changes import changes

SOURCE = """
LIMIT: int = 3

def room(left: int, held: bool) -> str:
    if not held and left > LIMIT:
        return "yes"
    left += 1
    note(left)
    return "no"
"""


def test_each_change_is_another_program() -> None:
    found = changes(SOURCE)
    programs = {ast.unparse(change.made_in(SOURCE)) for change in found}
    assert len(programs) == len(found)
    assert ast.unparse(ast.parse(SOURCE)) not in programs


def test_a_change_says_what_it_changes_and_where() -> None:
    said = {(change.line, change.words) for change in changes(SOURCE)}
    assert {
        (2, "3  ->  4"),
        (5, "left > LIMIT  ->  left >= LIMIT"),
        (5, "not held and left > LIMIT  ->  not held or left > LIMIT"),
        (5, "not held  ->  not not held"),
        (5, "if not held and left > LIMIT:  ->  if True:"),
        (8, "note(left)  ->  None"),
    } <= said
