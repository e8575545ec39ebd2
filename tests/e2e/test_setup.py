"""script/setup in a copy of the checkout: what is broken is healed, what is missing is named."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "agent",
    "schemas",
    "ha_discovery",
    "script",
    "requirements",
    "pyproject.toml",
    "README.md",
)
#: Stands for pip in the fake environments: "installs" what there is, and says what it was asked.
PIP = """
import os, pathlib, shutil, sys, sysconfig
asked = sys.argv[1:]
with open(os.environ["ASKED"], "a") as log:
    log.write(" ".join(asked) + "\\n")
if asked == ["--version"]:
    sys.exit(0)
if os.environ.get("OFFLINE"):
    sys.exit("ERROR: NewConnectionError: Name or service not known")
site = pathlib.Path(sysconfig.get_path("purelib"))
if "-e" in asked:
    shutil.rmtree(site / "agent", ignore_errors=True)
    (site / "ours.pth").write_text(os.getcwd() + "\\n")
    (site / "libraries.pth").write_text(os.environ["LIBRARIES"] + "\\n")
    script = pathlib.Path(sys.prefix) / "bin" / "surveillance-agent"
    start = "from agent.__main__ import main\\nraise SystemExit(main())\\n"
    script.write_text(f"#!{sys.executable}\\n{start}")
    script.chmod(0o755)
print("Collecting numpy==2.0")
print("Installing collected packages: numpy")
"""


class Checkout:
    """A copy of what script/setup needs, with commands of our own before those of the system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in PARTS:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name)
            else:
                shutil.copy(source, self.folder / name)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.asked = folder / "asked"
        self.env = {
            **os.environ,
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "ASKED": str(self.asked),
            "LIBRARIES": sysconfig.get_path("purelib"),
        }
        self.env.pop("PYTHONPATH", None)
        self.command("dpkg-query", "echo 'install ok installed'")
        for name in ("python3.13", "python3.12", "python3.11"):
            self.command(name, "exit 127")
        self.command("apt-get", "echo apt-get $* >>$ASKED")
        self.command("sudo", 'if [ "$1" = -n ]; then exit 1; fi; echo sudo $* >>$ASKED; exit 1')

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def with_fake_pip(self) -> None:
        """`python3 -m venv` makes environments whose pip is ours: seconds instead of a minute."""
        fake = self.folder.parent / "pip.py"
        fake.write_text(PIP)
        self.command(
            "python3",
            f"""case "$*" in
"-m venv --clear "*)
  {sys.executable} -m venv --without-pip --clear "$4" || exit
  cp {fake} "$4"/lib/python*/site-packages/ ;;
*) exec {sys.executable} "$@" ;;
esac""",
        )

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    def setup(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        self.asked.write_text("")
        return subprocess.run(
            ["script/setup", *arguments],
            cwd=self.folder,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def healed(self) -> str:
        """Sets it up; a second time nothing is asked. Returns what was said."""
        done = self.setup()
        assert done.returncode == 0, done.stderr
        code = "import agent; print(agent.__file__)"
        where = subprocess.check_output([self.python, "-I", "-c", code], text=True)
        assert where.strip() == str(self.folder / "agent" / "__init__.py")
        command = self.folder / ".venv" / "bin" / "surveillance-agent"
        assert subprocess.check_output([command, "version"]).strip()
        again = self.setup()
        assert (again.returncode, again.stderr, self.asked.read_text()) == (0, "", "")
        return done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.with_fake_pip()
    return made


def test_a_first_start_says_what_it_does_and_a_second_asks_nobody(checkout: Checkout) -> None:
    said = checkout.healed()
    assert "making .venv: 420 MB" in said
    assert "fetching 1 of about" in said


def test_an_environment_of_another_python_is_made_anew(checkout: Checkout) -> None:
    checkout.healed()
    checkout.python.unlink()
    checkout.python.write_text("#!/bin/sh\nexit 126\n")
    checkout.python.chmod(0o755)
    assert "its Python is gone, or too old" in checkout.healed()


def test_a_python_that_is_gone_is_replaced(checkout: Checkout) -> None:
    checkout.healed()
    for link in (checkout.folder / ".venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python3")
    assert "its Python is gone" in checkout.healed()


def test_a_checkout_that_was_moved_is_set_up_at_its_new_place(checkout: Checkout) -> None:
    checkout.healed()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("renamed"))
    assert "was made in another place" in checkout.healed()


def test_a_copied_checkout_runs_itself_and_not_the_one_it_was_copied_from(
    checkout: Checkout,
) -> None:
    checkout.healed()
    copy = checkout.folder.with_name("copy")
    shutil.copytree(checkout.folder, copy, symlinks=True)
    checkout.folder = copy
    assert "was made in another place" in checkout.healed()


def test_a_frozen_copy_of_the_agent_gives_way_to_the_checkout(checkout: Checkout) -> None:
    checkout.healed()
    (site,) = (checkout.folder / ".venv" / "lib").glob("python*/site-packages")
    shutil.copytree(checkout.folder / "agent", site / "agent")
    said = checkout.healed()
    assert "runs another copy of the agent than this checkout" in said
    assert "renewing" in said


def test_extras_are_installed_with_their_hashes_and_stay(checkout: Checkout) -> None:
    assert checkout.setup("--with", "report").returncode == 0
    asked = checkout.asked.read_text()
    assert "-r requirements/report.txt" in asked
    assert "capture.txt" not in asked
    assert checkout.setup("--with", "capture,page").stderr.startswith("page is always installed")
    asked = checkout.asked.read_text()
    assert "-r requirements/report.txt -r requirements/capture.txt" in asked
    assert "-e ." in asked
    assert checkout.setup("--with", "report").stderr == ""
    assert checkout.asked.read_text() == ""
    shutil.rmtree(checkout.folder / ".venv")
    assert "making .venv" in checkout.setup().stderr
    assert "-r requirements/report.txt -r requirements/capture.txt" in checkout.asked.read_text()


def test_an_extra_that_is_none_is_refused_and_nothing_is_kept(checkout: Checkout) -> None:
    done = checkout.setup("--with", "raport")
    assert done.returncode == 1
    assert "there is no such extra; known: report, capture" in done.stderr
    assert not list(checkout.folder.glob(".venv*"))


def test_a_lock_that_was_renewed_is_installed(checkout: Checkout) -> None:
    checkout.healed()
    with (checkout.folder / "requirements" / "run.txt").open("a") as lock:
        lock.write("# renewed\n")
    assert "renewing" in checkout.healed()


def test_without_a_network_what_is_there_goes_on(checkout: Checkout) -> None:
    checkout.healed()
    with (checkout.folder / "requirements" / "run.txt").open("a") as lock:
        lock.write("# renewed\n")
    done = checkout.setup(OFFLINE="1")
    assert done.returncode == 0
    assert "going on with what is there" in done.stderr
    assert "renewing" in checkout.healed()


def test_a_first_start_without_a_network_says_what_it_wants(checkout: Checkout) -> None:
    done = checkout.setup(OFFLINE="1")
    assert done.returncode == 1
    assert "Name or service not known" in done.stderr
    assert "a network to pypi.org (120 MB are fetched) and 420 MB on the disk" in done.stderr
    checkout.healed()


@pytest.mark.parametrize("left", ["nothing", "no pip"])
def test_an_installation_that_was_killed_is_begun_anew(checkout: Checkout, left: str) -> None:
    slow = checkout.folder.parent / "pip.py"
    text = slow.read_text()
    slow.write_text(text.replace('if "-e"', 'import time; time.sleep(300)\nif "-e"'))
    checkout.asked.write_text("")
    running = subprocess.Popen(
        ["script/setup"],
        cwd=checkout.folder,
        env=checkout.env,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until("pip runs", lambda: "--require-hashes" in checkout.asked.read_text())
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(PATIENCE)
    slow.write_text(text)
    if left == "no pip":
        for pip in (checkout.folder / ".venv" / "lib").glob("python*/site-packages/pip.py"):
            pip.unlink()
    assert "was interrupted" in checkout.healed()


def test_no_python_that_is_new_enough_is_said(checkout: Checkout) -> None:
    checkout.command("python3", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = checkout.setup()
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed. This system has: Python 3.9.2." in done.stderr


def test_no_python_at_all_is_said(checkout: Checkout) -> None:
    checkout.command("python3", "exit 127")
    done = checkout.setup()
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed. This system has: none." in done.stderr


def test_a_missing_venv_package_is_installed_like_the_others(checkout: Checkout) -> None:
    """As on Debian: `ensurepip` comes with the package python3.X-venv."""
    working = (checkout.bin / "python3").read_text().removeprefix("#!/bin/sh\n")
    there = checkout.folder.parent / "venv-package"
    checkout.command(
        "python3", f'case "$*" in *ensurepip*) [ -e {there} ] || exit 1;; esac\n{working}'
    )
    as_root = f"""case "$*" in *install*) touch {there};; esac; echo apt-get $* >>$ASKED"""
    checkout.command("apt-get", as_root)
    checkout.command("id", "echo 0")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert f"install -y --no-install-recommends {version}" in checkout.asked.read_text()


def test_without_rights_the_missing_venv_package_is_named_and_a_later_start_works(
    checkout: Checkout,
) -> None:
    working = (checkout.bin / "python3").read_text().removeprefix("#!/bin/sh\n")
    checkout.command("python3", f'case "$*" in *ensurepip*) exit 1;; esac\n{working}')
    checkout.command("id", "echo 1000")
    done = checkout.setup()
    assert done.returncode == 1
    assert "sudo apt-get install python3." in done.stderr
    checkout.with_fake_pip()
    checkout.healed()


def test_without_rights_what_is_optional_is_advised_once_and_never_asked_for(
    checkout: Checkout,
) -> None:
    checkout.command("dpkg-query", "exit 1")
    checkout.command("id", "echo 1000")
    said = checkout.healed()  # the second start says and asks nothing
    assert "sudo apt-get install libportaudio2" in said
    assert "sudo" not in checkout.asked.read_text()


def test_a_python_that_is_asked_for_and_not_there_is_named(checkout: Checkout) -> None:
    done = checkout.setup("--python", "3.12")
    assert done.returncode == 1
    assert "Python 3.12 is not there" in done.stderr
    assert not (checkout.folder / ".venv-3.12").exists()


def test_the_real_installation_is_whole(tmp_path: Path) -> None:
    made = Checkout(tmp_path)
    made.command("python3", f'exec {sys.executable} "$@"')
    made.healed()
    versions = subprocess.check_output(
        [made.python, "-m", "pip", "list", "--format=freeze"], text=True
    )
    lock = (ROOT / "requirements" / "run.txt").read_text()
    for line in versions.splitlines():
        name, _, version = line.partition("==")
        assert name in {"pip", "setuptools", "surveillance-agent", "hatchling", "editables"} or (
            f"{name.lower().replace('_', '-')}=={version} " in lock
            or name in (ROOT / "requirements" / "build.txt").read_text()
        ), line
