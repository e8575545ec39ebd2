"""Hook of mkdocs: what pages link to outside `docs/` goes into the site as a file of its own.

A link to a folder or to another Markdown file becomes plain text: there is no page for it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<to>(?:\.\./)+[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def _outside(page: Path, to: str) -> Path | None:
    """The linked file, when it is one outside of `docs/` that can stand for itself."""
    target = (page.parent / to).resolve()
    inside = target.is_relative_to(ROOT / "docs") or not target.is_relative_to(ROOT)
    return None if inside or not target.is_file() or target.suffix == ".md" else target


def _there(entry: Any) -> bool:  # noqa: ANN401  a page, or a section of pages
    (inner,) = entry.values() if isinstance(entry, dict) else (entry,)
    return isinstance(inner, list) or (ROOT / "docs" / inner).is_file()


def on_config(config: Any) -> Any:  # noqa: ANN401
    """Leaves pages out of the navigation that are not written yet."""
    for section in config["nav"]:
        for name, entries in section.items():
            if isinstance(entries, list):
                section[name] = [entry for entry in entries if _there(entry)]
    return config


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401  mkdocs' own types
    """Adds the linked files to what is copied."""
    from mkdocs.structure.files import File

    wanted = {
        target
        for page in (ROOT / "docs").rglob("*.md")
        for link in _LINK.finditer(page.read_text())
        if (target := _outside(page, link["to"]))
    }
    for target in sorted(wanted):
        name = f"files/{target.relative_to(ROOT)}"
        files.append(File.generated(config, name, abs_src_path=str(target)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:  # noqa: ANN401
    """Points the links there."""
    source = ROOT / "docs" / page.file.src_uri
    up = "../" * page.file.src_uri.count("/")

    def moved(link: re.Match[str]) -> str:
        target = _outside(source, link["to"])
        if target is not None:
            return f"[{link['text']}]({up}files/{target.relative_to(ROOT)})"
        gone = (source.parent / link["to"]).resolve()
        inside = gone.is_relative_to(ROOT / "docs")
        return str(link[0]) if inside or not gone.exists() else str(link["text"])

    return _LINK.sub(moved, markdown)
