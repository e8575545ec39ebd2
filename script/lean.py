"""Makes the image's libraries smaller: takes out of the wheels what the agent never calls.

    python script/lean.py SITE_PACKAGES

OpenCV brings an FFmpeg of its own, and PyAV brings encoders for H.265 and AV1. The agent uses none
of them: it decodes and encodes with PyAV, in H.264. Other libraries are linked against them. So
each of them is replaced by one that has the same functions. Each function ends the process and
says its name. No input from outside reaches one. They are encoders, and readers of video files and
screens: only a caller can name these.

libavutil stays: the agent bounds the memory of each one that is loaded. At the end the script loads
what is left and opens each decoder. So a library that cannot do without ends the build. The script
needs gcc and binutils, which only the image's first stage has.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Wheels with libraries, and their folders.
PACKAGES = ("av", "av.libs", "cv2", "opencv_python_headless.libs", "numpy", "numpy.libs")
#: Libraries that are never called, by folder: their names, before the wheel's own number.
UNUSED = {
    "opencv_python_headless.libs": ("libavcodec", "libavformat", "libswscale"),
    "av.libs": (
        *("libx265", "libSvtAv1Enc"),
        *("libxcb", "libxcb-xfixes", "libxcb-shape", "libxcb-shm"),  # pictures of a screen
    ),
}
#: Functions that FFmpeg calls when it lists its codecs: they answer that there is none.
ASKED = ("x265_api_get",)
#: Packages that only the command line of amqtt needs.
MODULES = ("typer", "rich", "pygments", "markdown_it", "mdurl", "shellingham")
#: Of OpenCV: descriptions of types for editors.
FILES = ("cv2/*.pyi", "cv2/**/*.pyi", "av/**/*.pyx", "av/**/*.pxd", "av/**/*.pyi", "numpy/**/*.pyi")

#: What each function of a replaced library does.
_HEAD = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void say(const char *text) { (void)!write(2, text, strlen(text)); }
static void end(const char *name) {
    say("surveillance-agent: this image has no ");
    say(name);
    say("\\n");
    abort();
}
"""

#: In a new process: the libraries, a picture, the list of codecs and each decoder.
_PROOF = """
import sys
sys.path.insert(0, sys.argv[1])
import av, cv2, numpy
assert all(it.__file__.startswith(sys.argv[1]) for it in (av, cv2, numpy))
assert numpy.linalg.norm(numpy.eye(3)) > 1
for kind in (".jpg", ".png", ".webp", ".tiff", ".gif", ".avif", ".jp2"):
    data = cv2.imencode(kind, numpy.zeros((64, 64, 3), numpy.uint8))[1]
    assert cv2.imdecode(data, cv2.IMREAD_COLOR) is not None, kind
opened = 0
for name in sorted(av.codecs_available):
    try:
        context = av.CodecContext.create(name, "r")
        context.open()
        opened += 1
        context.decode(av.Packet(b"\\0\\0\\1e" + 64 * b"\\xff"))
    except (av.FFmpegError, ValueError, AttributeError, NotImplementedError):
        continue  # it is an encoder, or wants to know more first
print(f"{opened} decoders work without what was taken out")
"""


def run(*command: object) -> str:
    """The output of a tool."""
    return subprocess.run(
        [str(it) for it in command], check=True, capture_output=True, text=True
    ).stdout


def libraries(site: Path) -> list[Path]:
    """All shared libraries of the wheels."""
    found = (path for name in PACKAGES for path in (site / name).rglob("*.so*"))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def symbols(path: Path, which: str) -> Iterator[tuple[str, str, str, int]]:
    """(name, version, type, size) of the `defined` or `undefined` symbols of a library."""
    for line in run("readelf", "--dyn-syms", "--wide", path).splitlines():
        parts = line.split()
        if len(parts) < 8 or not parts[0].rstrip(":").isdigit() or parts[4] == "LOCAL":
            continue
        if (parts[6] == "UND") == (which == "undefined"):
            name, _, version = parts[7].partition("@")
            yield name, version.lstrip("@"), parts[3], int(parts[2], 0)


def needed(path: Path) -> set[str]:
    """The names of the libraries that a library is linked against."""
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "--dynamic", path)))


def replace(path: Path, wanted: set[str]) -> int:
    """Writes a library with the same wanted symbols in place of one; returns their number."""
    nodes: dict[str, list[str]] = {}
    code = [_HEAD]
    for name, version, kind, size in sorted(set(symbols(path, "defined"))):
        if name not in wanted:
            continue
        if version:
            nodes.setdefault(version, []).append(name)
        if kind == "OBJECT":
            code.append(f"char {name}[{size}] __attribute__((aligned(16)));")
        else:
            asked = name.startswith(ASKED)
            does = "return 0;" if asked else f'end("{name}"); return 0;'
            code.append(f"void *{name}(void) {{ {does} }}")
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder) / "stub.c", Path(folder) / "stub.map"
        source.write_text("\n".join(code))
        script.write_text(
            "".join(f"{node} {{ global: {'; '.join(names)}; }};\n" for node, names in nodes.items())
        )
        options = [f"-Wl,--version-script={script}"] if nodes else []
        quiet = "-Wno-builtin-declaration-mismatch"
        compiler = ("gcc", "-shared", "-fPIC", "-Os", "-s", quiet, f"-Wl,-soname,{path.name}")
        made = Path(folder) / "made.so"
        run(*compiler, *options, "-o", made, source)
        shutil.copyfile(made, path)
    return sum(len(names) for names in nodes.values()) or len(code) - 1


def loadable(headers: str) -> bool:
    """Whether all segments lie where the loader wants them: what `readelf --segments` says.

    `strip` moves the segments of some libraries that were changed after they were linked.
    """
    loads = [line.split() for line in headers.splitlines() if line.split()[:1] == ["LOAD"]]
    return bool(loads) and all(
        (int(it[1], 16) - int(it[2], 16)) % int(it[-1], 16) == 0 for it in loads
    )


def strip(path: Path) -> None:
    """Takes the symbols for debuggers out of a library, where that does not break it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.so"
        run("strip", "--strip-unneeded", "-o", made, path)
        if loadable(run("readelf", "--segments", "--wide", made)):
            shutil.copyfile(made, path)
        else:
            print(f"{path.name}: stays as it is, `strip` breaks it")


def prove(site: Path) -> None:
    """Loads what is left, and opens each decoder; CalledProcessError: one cannot do without."""
    command = [sys.executable, "-c", _PROOF, str(site)]
    print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout, end="")


def main() -> None:
    """Strips, replaces and removes; says what was saved."""
    site = Path(sys.argv[1])
    before = size_of(site)
    for name in MODULES:
        shutil.rmtree(site / name)
    for pattern in FILES:
        for path in site.glob(pattern):
            path.unlink()
    found = libraries(site)
    for path in found:
        strip(path)
    undefined = {path: {it[0] for it in symbols(path, "undefined")} for path in found}
    users = {path: needed(path) for path in found}
    for folder, names in UNUSED.items():
        for name in names:
            (path,) = (site / folder).glob(f"{name}-????????.so*")
            wanted: set[str] = set()
            wanted.update(*(undefined[it] for it in found if path.name in users[it]))
            print(f"{path.name}: {replace(path, wanted)} functions that end the process")
    for name in without_users(site):
        print(f"{name}: nothing needs it any more")
    prove(site)
    print(f"{before / 1e6:.0f} MB became {size_of(site) / 1e6:.0f} MB")


def without_users(site: Path) -> Iterator[str]:
    """Removes the libraries that no other one is linked against, until there are none."""
    while True:
        found = libraries(site)
        used = set().union(*(needed(path) for path in found))
        spare = [it for it in found if it.parent.name.endswith(".libs") and it.name not in used]
        if not spare:
            return
        for path in spare:
            path.unlink()
            yield path.name


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
