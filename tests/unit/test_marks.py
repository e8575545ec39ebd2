"""`script/marks` finds what is longer than one reads at a sitting."""

import subprocess
import sys
from pathlib import Path

import pytest

MARKS = Path(__file__).resolve().parents[2] / "script" / "marks"


def marks(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, MARKS, folder], capture_output=True, text=True, check=False
    )


def function(lines: int) -> str:
    """A function of so many lines of code, and of words that do not count."""
    body = "    work()\n\n    # a word\n" * (lines - 1)
    return f'def long():\n    """Two lines\n    of words."""\n{body}'


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (function(50), True),
        (function(51), False),
        ("class Some:\n    async " + function(51).replace("\n", "\n    "), False),
        ('"""Words."""\n\n' + "work()  # a word\n\n" * 300, True),
        ("work(\n    1,\n)\n" * 100 + "work()\n", False),
    ],
)
def test_what_is_above_the_mark_fails(tmp_path: Path, text: str, *, fits: bool) -> None:
    (tmp_path / "module.py").write_text(text)
    told = marks(tmp_path)
    assert (told.returncode == 0) == fits
    assert ("module.py" in told.stdout) != fits
