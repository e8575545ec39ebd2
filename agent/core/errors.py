"""The errors of the agent. The class says what the caller does next."""

from __future__ import annotations

import errno
import os


class AgentError(Exception):
    """Root of all errors that the agent itself raises."""


class ConfigError(AgentError):
    """The operator has to change something: exit 2, never retried. Names file, key and fix."""


class CameraError(AgentError):
    """Something about a camera session.

    Attributes:
        answers: the camera is there and says something, so power would cure nothing.
    """

    def __init__(self, *words: object, answers: bool = False) -> None:
        super().__init__(*words)
        self.answers = answers


class CameraUnreachable(CameraError):
    """Nobody answers: try again after the backoff."""


class CameraNotFound(CameraUnreachable):
    """Its name does not resolve, so no camera was asked: as above, but power would cure nothing."""


class SourceFault(CameraNotFound):
    """Our own code or a library failed: try again after the backoff; no camera is to blame."""


class CameraRefused(CameraError):
    """The camera says no: try again after the longest wait."""


class NoSuchStream(CameraRefused):
    """No pictures under that path: another one may be asked for.

    A camera that has shown pictures there may only be starting.
    """


class WrongPassword(CameraRefused):
    """It wants another user or password, and may lock out who tries again."""


class SessionLost(CameraError):
    """An open session went silent: reopen immediately, then back off."""


class StoreError(AgentError):
    """Something about the image store."""


class StoreUnavailable(StoreError):
    """The store is absent, wrong or read-only: keep in the spool and retry."""


def reason_of(error: Exception) -> str:
    """Why a file or folder cannot be used; where rights are missing, whose.

    In a container the id is what helps: its user has no name on the host.
    """
    if isinstance(error, UnicodeDecodeError):  # nothing of it is shown: it may be a password
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"line {line} is no text in UTF-8: save the file as UTF-8"
    if not isinstance(error, OSError):
        return str(error)
    text = error.strerror or str(error)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{text}: the agent runs as user id {os.geteuid()}; chown it, or open its mode"
    return text
