"""One target with a coverage-guided fuzzer: `python -m tests.fuzz.guided TARGET SECONDS CORPUS`.

`script/fuzz` calls it; atheris (libFuzzer for Python) is installed there, on demand, since nothing
else needs it. An input that breaks a promise is written beside the corpus, and the exit code is
not 0.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> None:
    """Fuzzes one target for some seconds; does not return."""
    name, seconds, folder = arguments
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["agent", "schemas"]):
        targets = importlib.import_module("tests.fuzz.targets")
    target = targets.TARGETS[name]
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-max_len=8192",
        "-timeout=20",  # seconds for one input: longer is a finding
        "-rss_limit_mb=1500",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus.parent}/{name}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
