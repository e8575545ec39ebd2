"""A module that a docstring names exists: a rename must not leave the old word behind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("agent", "ha_discovery", "schemas")
FILES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
_DOTTED = re.compile(r"`((?:agent|ha_discovery|schemas)(?:\.\w+)+)`")
#: Lower-case words in a module's first line: modules, commands, keys.
_WORD = re.compile(r"`([a-z_][a-z0-9_]*)`")


def docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def exists(dotted: str) -> bool:
    """A module, a package, or a name in one."""
    path = ROOT / dotted.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module, name = path.parent.with_suffix(".py"), path.name
    return module.exists() and re.search(rf"\b{name}\b", module.read_text()) is not None


def test_each_dotted_name_is_there() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path, tree in trees.items()
        for text in docstrings(tree)
        for name in _DOTTED.findall(text)
        if not exists(name)
    ]
    assert wrong == []


def test_a_word_of_a_first_line_is_a_module_or_a_name_of_the_code() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in FILES}
    known = {path.stem for path in FILES} | {path.parent.name for path in FILES}
    for path, text in texts.items():
        body = text.partition('"""')[2].partition('"""')[2]  # without the module's docstring
        known.update(re.findall(r"[a-z_][a-z0-9_]*", body))
        assert body, path
    wrong = [
        (str(path.relative_to(ROOT)), word)
        for path, text in texts.items()
        for word in _WORD.findall(text.partition("\n")[0])
        if word not in known
    ]
    assert wrong == []
