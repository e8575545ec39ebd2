"""What an error of the file system means, in the one place that knows error numbers."""

from __future__ import annotations

import errno

import pytest

from agent.core.store_code import StoreCode
from agent.storage.filesystem.error_causes import Cause, cause_of, code_of


@pytest.mark.parametrize(
    ("number", "cause", "code"),
    [
        (errno.ENOSPC, Cause.NO_ROOM, StoreCode.FULL),
        (errno.EDQUOT, Cause.NO_ROOM, StoreCode.FULL),
        (errno.EROFS, Cause.READ_ONLY, StoreCode.READ_ONLY),
        (errno.EACCES, Cause.NO_RIGHT, StoreCode.READ_ONLY),
        (errno.ENOTCONN, Cause.ABSENT, StoreCode.ABSENT),
        (errno.EFBIG, Cause.TOO_LARGE, StoreCode.FAILING),
        (errno.ENAMETOOLONG, Cause.BAD_NAME, StoreCode.FAILING),
        (errno.EEXIST, Cause.NOT_OURS, StoreCode.FAILING),
        (errno.EIO, Cause.OTHER, StoreCode.FAILING),
        (errno.ESTALE, Cause.OTHER, StoreCode.FAILING),
        (None, Cause.OTHER, StoreCode.FAILING),
    ],
)
def test_errors_have_a_cause_and_a_state(number: int | None, cause: Cause, code: StoreCode) -> None:
    error = OSError(number, "x") if number else OSError("x")
    assert (cause_of(error), code_of(error)) == (cause, code)
