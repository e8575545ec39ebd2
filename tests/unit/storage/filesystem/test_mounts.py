"""Mount points, whatever they are called: against the kernel where we may mount, else its text."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

from agent.core.store_code import StoreCode
from agent.storage.filesystem.mounts import Mount, is_mount_point, mount_of, mounts_in, rights_words
from agent.storage.store.identity import StoreRefused, Terms, open_store

NAMES = [
    "plain",
    "Überwachung",
    "with blank",
    "tab\there",
    "line\nfeed",
    "return\rhere",
    "back\\slash",
    "back\\040slash",
    "日本語 ½\u2028\x85",
    "#hash",
    os.fsdecode(b"latin-\xdc"),
]
TEXT = (
    b"25 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
    b"36 25 98:0 / /mnt/my\\040store rw,noatime master:1 - vfat /dev/sdb1 rw\n"
    b"37 25 0:5 / /mnt/\xc3\x9cber\\134\\012\\011 rw shared:2 master:1 - cifs //nas/x rw\n"
    b"38 25 0:6 / /mnt rw - autofs systemd-1 rw\n"
    b"39 38 0:7 / /mnt rw - nfs4 nas:/x rw\n"
    b"nonsense\n\n"
)


def test_the_kernels_list_is_read_as_bytes() -> None:
    assert list(mounts_in(TEXT)) == [
        Mount(25, b"/", b"ext4"),
        Mount(36, b"/mnt/my store", b"vfat"),
        Mount(37, b"/mnt/\xc3\x9cber\\\n\t", b"cifs"),
        Mount(38, b"/mnt", b"autofs"),
        Mount(39, b"/mnt", b"nfs4"),
    ]


@pytest.mark.parametrize(
    ("path", "number"),
    [(b"/", 25), (b"/mnt", 39), (b"/mntx", 25), (b"/mnt/my store/a", 36), (b"/mnt/my", 39)],
)
def test_a_path_lies_on_the_nearest_mount_and_the_topmost(path: bytes, number: int) -> None:
    found = mount_of(path, TEXT)
    assert found is not None
    assert found.number == number


def test_where_owners_cannot_be_changed_nobody_is_told_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    monkeypatch.setattr("agent.storage.filesystem.mounts._MOUNTINFO", mountinfo)
    for kind in ("vfat", "exfat", "ntfs3", "fuseblk", "cifs"):
        mountinfo.write_text(f"36 25 98:0 / {tmp_path} rw - {kind} /dev/sdb1 rw\n")
        words = rights_words(str(tmp_path / "store"))
        assert f"uid={os.geteuid()},gid={os.getegid()}" in words
        assert "chown" not in words
    mountinfo.write_text(f"36 25 98:0 / {tmp_path} rw - ext4 /dev/sdb1 rw\n")
    assert "chown" in rights_words(str(tmp_path / "store"))


def test_a_folder_on_a_mount_is_no_mount_point(tmp_path: Path) -> None:
    refused = _refusal(tmp_path)
    assert refused.code is StoreCode.ABSENT
    assert "not a mount point" in str(refused)


def test_the_root_is_a_mount_point() -> None:
    root = os.open("/", os.O_RDONLY)
    try:
        assert is_mount_point(root)
    finally:
        os.close(root)


@pytest.fixture
def mounting() -> None:
    """Where this machine lets us mount, in a namespace of a child process."""
    able = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    if able.returncode:
        pytest.skip("this machine does not let us mount")


@pytest.mark.usefixtures("mounting")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_mount_point_may_have_any_name(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    (place / "lost+found").mkdir(parents=True)
    assert _opened_with(f"mount -t tmpfs x {_quoted(place)}", place) == "open"
    assert _opened_with("true", place) == "absent"


@pytest.mark.usefixtures("mounting")
@pytest.mark.parametrize(
    ("commands", "path", "outcome"),
    [
        ("mount --bind {0}/a {0}/b", "b", "open"),  # of the same file system
        ("mount --bind {0}/a {0}/a", "a/lost+found", "absent"),
        (
            "mount -t tmpfs x {0}/a; mkdir {0}/a/lost+found; mount -t tmpfs y {0}/a/lost+found",
            "a/lost+found",
            "open",
        ),
        (
            "mount -t tmpfs x {0}/a; mkdir {0}/a/lost+found; mount -t tmpfs y {0}/a/lost+found",
            "a",
            "open",
        ),
        ("mount -t tmpfs x {0}/a; mount -t tmpfs y {0}/a", "a", "open"),
        ("mount -t tmpfs x {0}/a; mkdir {0}/a/b; mount -t tmpfs y {0}/a", "a/b", "absent"),
        ("mount -t tmpfs x {0}/a; umount {0}/a", "a", "absent"),
        ("mount -t tmpfs x {0}/a; ln -s a {0}/link", "link", "open"),
        ("mount -t tmpfs x {0}/a", "b/../a/.", "open"),
    ],
)
def test_what_is_mounted_there_now_counts(
    tmp_path: Path, commands: str, path: str, outcome: str
) -> None:
    for folder in ("a/lost+found", "b"):
        (tmp_path / folder).mkdir(parents=True)
    assert _opened_with(commands.format(tmp_path), tmp_path / path) == outcome


def _opened_with(commands: str, path: Path) -> str:
    """What opening says in a process that has a mount namespace of its own."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        said = "broken"
        try:
            ctypes.CDLL(None).unshare(0x20000)  # CLONE_NEWNS
            private = "mount --make-rprivate /; "
            subprocess.run(["sh", "-ec", os.fsencode(private + commands)], check=True)
            os.close(open_store(Terms(os.fspath(path), "me", require_mount=True)).fd)
            said = "open"
        except StoreRefused as error:
            said = error.code.value
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    try:
        return os.read(read, 100).decode()
    finally:
        os.close(read)
        os.waitpid(child, 0)


def _quoted(path: Path) -> str:
    return "'" + os.fspath(path) + "'"


def _refusal(path: Path) -> StoreRefused:
    with pytest.raises(StoreRefused) as caught:
        open_store(Terms(str(path), "me", require_mount=True))
    return caught.value
