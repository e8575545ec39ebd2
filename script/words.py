"""Checks how easy our words are to read: length of sentences, readability, hard phrases, spelling.

`docs/style.md` states the rules for people, and its table of phrases is what this module reads.
`script/words.old` lists the files that do not follow them yet, with the number of faults in each.
No file may have more faults than its line says. A file without faults leaves the list.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "docs" / "style.md"
OLD = ROOT / "script" / "words.old"
PACKAGES = ("agent", "ha_discovery", "schemas", "script")
#: Pages outside of `docs/`.
_TOP_PAGES = ("README.md", "CONTRIBUTING.md", "homeassistant-app/DOCS.md")
#: Words in one sentence, at most: of a page, of a comment or docstring.
PAGE_WORDS, CODE_WORDS = 25, 30
#: Words in one sentence of a page, on average, and the least Flesch reading ease of a page.
AVERAGE_WORDS, LEAST_EASE = 15.0, 60.0
#: A page with fewer words has no meaningful average.
ENOUGH_WORDS = 100

_CODE = "§"  # stands for `inline code`: one word without syllables of its own
_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_\[]*[A-Z0-9§])")
_WORD = re.compile(r"[A-Za-z][A-Za-z'\u2019-]*|\d[\d.,:/]*|§")
_SHORT = re.compile(r"\b(e\.g|i\.e|etc|vs|No|ca|approx)\.")


@dataclass(frozen=True)
class Block:
    """A piece of text that no sentence crosses: a paragraph, an item, a cell, a comment."""

    line: int
    text: str
    is_prose: bool  # counts for averages; headings and cells do not


@dataclass(frozen=True)
class Fault:
    """One thing to rewrite."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """The form that editors open."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Figures:
    """What a page is to read: words a sentence, the longest one, Flesch reading ease (0 to 100)."""

    words: int
    average: float
    longest: int
    ease: float


def _plain(text: str) -> str:
    """Markdown without its marks: the text of a link, `§` for code, no address."""
    text = re.sub(r"``.+?``|`[^`]*`", _CODE, text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+|<[^>]*>|\{[^}]*\}", " ", text)
    return re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", text).strip()


def page_blocks(text: str) -> list[Block]:
    """The paragraphs, items, headings and table cells of a Markdown page, without code blocks."""
    text = re.sub(r"<!--.*?-->", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    blocks: list[Block] = []
    kept: list[str] = []
    start, in_code = 1, False

    def end() -> None:
        if kept:
            blocks.append(Block(start, _plain(" ".join(kept)), is_prose=True))
            kept.clear()

    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            end()
            in_code = not in_code
        elif in_code:
            continue
        elif bare.startswith("#"):
            end()
            blocks.append(Block(number, _plain(bare.lstrip("# ")), is_prose=False))
        elif bare.startswith("|"):
            end()
            cells = re.split(r"(?<!\\)\|", re.sub(r"`[^`]*`", _CODE, bare.strip("|")))
            blocks += [Block(number, _plain(cell), is_prose=False) for cell in cells]
        else:
            item = re.match(r"(?:[-*+]|\d+\.)\s+|>\s*", bare)
            if not bare or item:
                end()
            if bare:
                start = start if kept else number
                kept.append(bare[item.end() :] if item else bare)
    end()
    return blocks


def _docstring_blocks(start: int, text: str) -> Iterator[Block]:
    """The paragraphs and items of a docstring; what is indented further is a picture or code."""
    kept: list[str] = []
    first = start
    lines = text.expandtabs().splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    base, fenced = min(indents, default=0), False
    for number, line in enumerate(lines, start):
        bare = line.strip()
        deep = number > start and len(line) - len(line.lstrip()) > base
        item = re.match(r"(?:[-*+]|\d+\.)\s+|[\w`.*, ]{1,40}: +", bare) if deep else None
        item = item or re.match(r"(?:[-*+]|\d+\.)\s+", bare)
        fenced ^= bare.startswith("```")
        drawn = (
            fenced or "-->" in bare or bare.startswith("```") or (number > start and "  " in bare)
        )
        if not bare or item or drawn:
            if kept:
                yield Block(first, _plain(" ".join(kept)), is_prose=True)
            kept = []
        if bare and not drawn:
            first = first if kept else number
            kept.append(bare[item.end() :] if item else bare)
    if kept:
        yield Block(first, _plain(" ".join(kept)), is_prose=True)


def _comments(text: str) -> Iterator[Block]:
    """Neighbouring comment lines as one block each; marks for tools are left out."""
    found: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("#:! ")
            if not re.match(r"noqa|type:|pragma|ruff:|mypy:|/|-{4}|usr/bin", words):
                found.append((token.start[0], token.start[1], re.sub(r"#\s*noqa.*", "", words)))
    kept: list[str] = []
    before = (-1, -1)
    first = 0
    for line, column, words in found:
        if kept and (line, column) != (before[0] + 1, before[1]):
            yield Block(first, _plain(" ".join(kept)), is_prose=True)
            kept = []
        first = first if kept else line
        kept.append(words)
        before = (line, column)
    if kept:
        yield Block(first, _plain(" ".join(kept)), is_prose=True)


def code_blocks(text: str) -> list[Block]:
    """The docstrings and comments of a Python module."""
    blocks = list(_comments(text))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(text)):
        body = node.body if isinstance(node, kinds) else []
        for statement in body:  # below an attribute there may be a docstring, too
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                value = statement.value.value
                if isinstance(value, str):
                    blocks += _docstring_blocks(statement.lineno, value)
    return sorted(blocks, key=lambda block: block.line)


def sentences(text: str) -> list[str]:
    """Splits at full stops, question marks and exclamation marks. Colons do not end a sentence."""
    text = _SHORT.sub(lambda found: found[1].replace(".", "") + " ", text)
    return [part.strip() for part in _END.split(text) if _WORD.search(part)]


def words(text: str) -> list[str]:
    """Words and numbers of a text; each `§` (code) is one."""
    return _WORD.findall(text)


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end. Code and numbers count as one."""
    lower = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", lower))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouydt]ed$", lower) is not None
    return max(1, groups - silent)


def figures(blocks: Iterable[Block]) -> Figures:
    """The figures of a page; averages are of prose, the longest sentence is of everything."""
    blocks = list(blocks)
    lengths = [len(words(part)) for block in blocks for part in sentences(block.text)]
    prose = [part for block in blocks if block.is_prose for part in sentences(block.text)]
    counted = [word for part in prose for word in words(part)]
    total = max(1, len(counted))
    average = total / max(1, len(prose))
    plain = [word for word in counted if word[0].isalpha()]
    per_word = sum(syllables(word) for word in plain) / max(1, len(plain))
    ease = 206.835 - 1.015 * average - 84.6 * per_word
    return Figures(total, average, max(lengths, default=0), ease)


def hard_phrases(rules: str) -> dict[str, str]:
    """The table of `docs/style.md`: each phrase, and what to write instead."""
    found = {}
    for line in rules.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 2 and cells[0].startswith("`"):
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1]))
    return found


def check_blocks(path: str, blocks: list[Block], phrases: dict[str, str]) -> Iterator[Fault]:
    """Sentences that are too long, and phrases that are hard to read."""
    limit = PAGE_WORDS if path.endswith(".md") else CODE_WORDS
    for block in blocks:
        for part in sentences(block.text):
            length = len(words(part))
            if length > limit:
                start = " ".join(part.split()[:6])
                yield Fault(path, block.line, f"{length} words, at most {limit}: {start} ...")
        for phrase, instead in phrases.items():
            for _ in re.finditer(
                rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", block.text, re.IGNORECASE
            ):
                yield Fault(path, block.line, f'"{phrase}": {instead}')


def check_page(path: str, text: str, phrases: dict[str, str]) -> list[Fault]:
    """All faults of one page, its averages among them."""
    blocks = page_blocks(text)
    faults = list(check_blocks(path, blocks, phrases))
    page = figures(blocks)
    if page.words >= ENOUGH_WORDS and page.average >= AVERAGE_WORDS:
        faults.append(
            Fault(path, 1, f"{page.average:.1f} words a sentence, below {AVERAGE_WORDS:g}")
        )
    if page.words >= ENOUGH_WORDS and page.ease < LEAST_EASE:
        faults.append(Fault(path, 1, f"reading ease {page.ease:.0f}, at least {LEAST_EASE:g}"))
    return faults


def check_text(path: str, text: str, phrases: dict[str, str]) -> list[Fault]:
    """The faults of a page or a module, spelling left out."""
    if path.endswith(".md"):
        return check_page(path, text, phrases)
    return list(check_blocks(path, code_blocks(text), phrases))


def spelling(paths: list[str]) -> list[Fault]:
    """Common misspellings, from the list of codespell."""
    ask = [sys.executable, "-m", "codespell_lib", "--quiet-level", "2", *paths]
    ask[3:3] = ["--ignore-words-list", ",".join(sorted(known_words(RULES.read_text())))]
    said = subprocess.run(ask, capture_output=True, text=True, check=False, cwd=ROOT)
    if "No module named" in said.stderr:
        raise SystemExit("script/words: codespell is missing; run script/setup --dev")
    found = re.findall(r"^(.+?):(\d+): (.+ ==> .+)$", said.stdout, re.MULTILINE)
    return [Fault(path.removeprefix("./"), int(line), text) for path, line, text in found]


def known_words(rules: str) -> set[str]:
    """Words of ours that codespell takes for mistakes: one line in `docs/style.md`."""
    line = re.search(r"^Words that are right here: (.*)$", rules, re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", line[1])) if line else set()


def all_files() -> list[str]:
    """Pages and modules that are checked, by their path from the root."""
    pages = [ROOT / name for name in _TOP_PAGES]
    pages += (ROOT / "docs").rglob("*.md")
    modules = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in [*pages, *modules])


def check(paths: list[str]) -> list[Fault]:
    """All faults of these files."""
    phrases = hard_phrases(RULES.read_text())
    faults = spelling(paths)
    for path in paths:
        faults += check_text(path, (ROOT / path).read_text(), phrases)
    return sorted(faults, key=lambda fault: (fault.path, fault.line))


def old_list(text: str) -> dict[str, int]:
    """The files that may have faults, and how many of them."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {path: int(number) for path, number in lines}


def compare(faults: list[Fault], old: dict[str, int]) -> list[str]:
    """What fails the check: new faults, and lines of the list that nothing needs."""
    found = Counter(fault.path for fault in faults)
    wrong: list[str] = []
    for path, number in found.items():
        allowed = old.get(path, 0)
        if number > allowed:
            wrong += [str(fault) for fault in faults if fault.path == path]
            if allowed:
                wrong.append(f"{path}: {number} faults, at most {allowed}: rewrite some")
    good = sorted(set(old) - set(found))
    return wrong + [f"{path} is good: take it out with script/words --shrink" for path in good]


def shrunk(faults: list[Fault], old: dict[str, int]) -> dict[str, int]:
    """The list without what has become good. No number grows, and no file is added."""
    found = Counter(fault.path for fault in faults)
    return {path: min(number, found[path]) for path, number in old.items() if found[path]}


def _write(numbers: dict[str, int]) -> str:
    head = "# Files whose words are not easy yet, with the number of faults. It only shrinks.\n"
    return head + "".join(f"{path} {number}\n" for path, number in sorted(numbers.items()))


def pages_of(commit: str) -> dict[str, str]:
    """The pages as they were: path and text."""

    def git(*words: str) -> str:
        asked = ["git", *words]
        return subprocess.run(asked, capture_output=True, text=True, check=True, cwd=ROOT).stdout

    names = git("ls-tree", "-r", "--name-only", commit, "--", *_TOP_PAGES, "docs").splitlines()
    return {name: git("show", f"{commit}:{name}") for name in names if name.endswith(".md")}


def _pages_now() -> dict[str, str]:
    return {path: (ROOT / path).read_text() for path in all_files() if path.endswith(".md")}


def _show_figures(pages: dict[str, str]) -> None:
    print("| page | words | words a sentence | longest | reading ease |\n|---|---|---|---|---|")
    blocks = {path: page_blocks(text) for path, text in pages.items()}
    blocks["all"] = [block for each in blocks.values() for block in each]
    for path, read in blocks.items():
        page = figures(read)
        numbers = f"{page.words} | {page.average:.1f} | {page.longest} | {page.ease:.0f}"
        print(f"| {path} | {numbers} |")


def main(arguments: list[str]) -> int:
    """Runs the check; 1 where something is wrong."""
    if arguments[:1] == ["--figures"]:
        _show_figures(pages_of(arguments[1]) if len(arguments) > 1 else _pages_now())
        return 0
    if arguments and not arguments[0].startswith("--"):
        faults = check(arguments)
        print(*faults, sep="\n")
        return bool(faults)
    faults = check(all_files())
    old = old_list(OLD.read_text())
    if arguments == ["--list"]:
        print(_write(Counter(fault.path for fault in faults)), end="")
        return 0
    if arguments == ["--shrink"]:
        OLD.write_text(_write(shrunk(faults, old)))
        return 0
    wrong = compare(faults, old)
    if wrong:
        print(*wrong, sep="\n")
        print("script/words: rewrite these; the rules are in docs/style.md")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
