"""`surveillance-agent completion SHELL`: what completes commands and options at a press of Tab.

The script is printed once and lies in a file: completion itself starts no Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import shtab

#: Words for values that are files or folders.
_FILES = frozenset({"FILE", "FILE|-", "DIR", "FOLDER"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The shell, and where its users put such a script."""
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="your shell")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "bash: surveillance-agent completion bash"
        " >~/.local/share/bash-completion/completions/surveillance-agent\n"
        "zsh:  surveillance-agent completion zsh >_surveillance-agent, in a folder of $fpath"
    )


def run(
    arguments: argparse.Namespace,
    parser: argparse.ArgumentParser,
    say: Callable[[str], None],
) -> int:
    """Prints the script for a parser with all commands and options.

    shtab reads from the attribute `complete` of an argument what completes its value.
    """
    for action in _actions(parser):
        if action.type is Path or action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    say(shtab.complete(parser, arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001  argparse has no other way to ask
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                yield from _actions(below)
