"""Why a web, RTSP or USB camera gives no pictures, and what helps. Pure.

These words are in the log, in the camera's state and in health; none of them has the URL in it.
"""

from __future__ import annotations

import errno
import os
import ssl

from agent.core.errors import CameraRefused, CameraUnreachable, NoSuchStream, WrongPassword
from agent.runtime.redaction import excerpt

#: A camera may put anything into its answers.
_MOST_WORDS = 60
#: Where cameras serve RTSP.
_RTSP_PORTS = frozenset({554, 8554})

_PING = "is it on, and in the same network? ping its address"
#: What else may be spoken on a port that does not answer as the URL's scheme wants it.
_OTHER_SERVICE = {
    "http": "is this its web page's port? with TLS it is https://, for RTSP rtsp://",
    "https": "is this its web page's port for TLS? without TLS it is http://",
    "rtsp": "is this its RTSP port (mostly 554)? for a stream of its web page it is http://",
    "rtsps": "is this its port for RTSP over TLS? without TLS it is rtsp://",
}
SLOWLY = "answers too slowly"
SILENT = "takes the connection and does not answer"
CLOSED = "closes the connection without an answer"
CHECK_PATH = "check the URL's path in the camera's manual"
UNKNOWN_CODEC = "sends video of an unknown kind: set the camera to H.264, H.265 or MJPEG"
TOO_MANY_SETS = "sends more parameter sets at once than a camera does"
_SMALLER = "let it send smaller pictures, or fewer reference pictures"
_CHECK_BOTH = "check both; docs/reference/cameras.md says how to write special characters"
#: OpenSSL's reasons that stay until somebody changes the camera or its URL.
NO_TLS = frozenset({"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER"})
_DEVICE = {
    errno.ENOENT: "is it plugged in? see ls /dev/video*; a container has to be given the device",
    errno.EACCES: "the agent's user has to be in the group video",
    errno.EBUSY: "another program has it open",
    errno.ENOTTY: "this device is no camera",
    errno.ENODEV: "is it plugged in?",
    errno.EINVAL: "a camera has several devices: try the next /dev/videoN",
}


def no_connection(error: Exception) -> str:
    """Why nobody took our connection: the system's own words, and where to look."""
    words = str(error)
    if words == os.strerror(errno.ECONNREFUSED):
        return f"{words}; nobody listens on this port: is it the right one?"
    return f"{words}; {_PING}"


def other_service(scheme: str, words: str) -> str:
    """`words` tell that something else is on this port than the URL's scheme says."""
    return f"{words}: {_OTHER_SERVICE[scheme]}"


def no_answer(scheme: str, words: str) -> str:
    """Why a connection that was taken is of no use: a camera that starts or hangs does so, too."""
    asked = other_service(scheme, f"{words}; where that lasts")
    return f"{asked}; else switch its power off and on"


def of_401(*, user: bool) -> str:
    """Why a camera answered 401; `user`: its URL names one."""
    if user:
        return f"refuses user or password (401): {_CHECK_BOTH}"
    return "wants user and password, the URL has none (401): docs/reference/cameras.md says where"


def of_unknown_digest() -> str:
    """Why user and password were not even sent."""
    return "asks for user and password in a way that is unknown here: set it to basic or digest MD5"


def of_403() -> str:
    """Why a camera answered 403."""
    return f"refuses user or password (403): {_CHECK_BOTH}; it may lock out for some minutes"


def of_404() -> str:
    """Why a camera answered 404."""
    return f"has no such path (404 Not Found): {CHECK_PATH}"


def of_status(scheme: str, port: int, status: int, phrase: str) -> str:
    """What an HTTP status that is neither good nor about user, password and path may come from."""
    words = f"answers {status} {excerpt(phrase, _MOST_WORDS)}".rstrip()
    if port in _RTSP_PORTS:
        return f"{words}; port {port} is RTSP's: write rtsp://"
    if status == 400:
        return other_service(scheme, words)
    if 400 < status < 500:
        return f"{words}; {CHECK_PATH}"
    return no_answer(scheme, f"{words}; it starts or is busy")


def of_kind(kind: str) -> str:
    """Why an HTTP answer of that content type is no camera's."""
    shown = excerpt(kind, _MOST_WORDS) or "no content type"
    page = "a page, not the pictures: " if kind == "text/html" else ""
    return f"answers with {shown}, not with JPEG or MJPEG; {page}{CHECK_PATH}"


def of_redirect(there: str) -> str:
    """Why we do not go where a camera sends us."""
    words = "if that is wanted, name the host in redirect_hosts of the camera"
    return f"redirects to another host, {there}; {words}"


def of_rtsp_redirect(there: str) -> str:
    """Why we do not go where an RTSP camera sends us."""
    words = "user and password go to nobody else; if it is right, write it as the source"
    return f"redirects to another host, {there}; {words}"


#: Answers of RTSP that are over with the session, or the viewer, that is in the way (RFC 2326, 11).
_BUSY = frozenset({408, 453, 454, 455})


def rtsp_error(scheme: str, status: int, phrase: str) -> CameraRefused | CameraUnreachable:
    """What an RTSP camera's answer comes to that is neither good nor about a redirect."""
    said = f"answers {status} {excerpt(phrase, _MOST_WORDS)}".rstrip()
    if status == 401:
        return WrongPassword(of_401(user=True))
    if status == 403:
        return WrongPassword(of_403())
    if status == 404:
        return NoSuchStream(of_404())
    if 400 <= status < 500 and status not in _BUSY:
        return NoSuchStream(f"{said}; {CHECK_PATH}")
    return CameraUnreachable(of_no_video(scheme, said))


def of_no_answer(scheme: str, words: str) -> str:
    """Why an RTSP camera that took our connection is of no use; `words`: what it did."""
    return of_no_video(scheme, words) if scheme == "rtsps" else no_answer(scheme, words)


def of_no_http(said: str) -> str:
    """What answers a request without speaking HTTP; `said` is the client's error."""
    if "RTSP/" in said:
        return "speaks RTSP, not HTTP: write rtsp://"
    if said.startswith("..."):  # a TLS alert, with what cannot be printed as points
        return "wants TLS: write https://"
    return other_service("http", f"speaks no HTTP ({excerpt(said, _MOST_WORDS)})")


def of_no_rtsp(scheme: str, said: bytes | None) -> str | None:
    """What is on a port that gave no video; None: it may yet give some.

    Args:
        scheme: of the URL, `rtsp` or `rtsps`.
        said: the first bytes of its answer to a request of RTSP without TLS; none where it closed
            the connection, None where it kept silent.
    """
    if scheme == "rtsps":  # a server that wants TLS may answer anything to a request without
        return "speaks RTSP without TLS: write rtsp://" if _is_rtsp(said) else None
    if not said:
        return no_answer(scheme, SILENT if said is None else CLOSED)
    if _is_rtsp(said):
        return None
    if said.startswith(b"\x15\x03"):  # a TLS alert
        return "wants TLS: write rtsps://"
    return other_service(scheme, "speaks no RTSP")


def _is_rtsp(said: bytes | None) -> bool:
    return said is not None and said.startswith(b"RTSP/")


def of_no_video(scheme: str, words: str) -> str:
    """Why a camera that speaks RTSP, or may do so over TLS, sends nothing that can be shown."""
    if scheme == "rtsps":
        return no_answer(scheme, f"sends no video over TLS ({words})")
    return (
        f"speaks RTSP and sends no video ({words}); is its one stream taken by somebody else?"
        " check the URL's path; switch its power off and on"
    )


def of_tls(error: BaseException, plain: str = "http") -> str:
    """Why a TLS handshake failed; `plain`: the scheme without TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = excerpt(error.verify_message or str(error), _MOST_WORDS)
        return (
            f"TLS: its certificate is not trusted ({words}): give it, or the authority that signed"
            f" it, as tls.ca of the camera, or write {plain}://"
        )
    return other_service("https", f"TLS: {tls_words(error)}")


def tls_words(error: BaseException | None) -> str:
    """What the TLS library says, without its own names."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    words = reason if isinstance(reason, str) else "the handshake failed"
    return excerpt(words.replace("_", " ").lower(), _MOST_WORDS)


def of_device(error: Exception, words: str) -> str:
    """Why a USB camera cannot be opened: `words`, and what helps."""
    helps = _DEVICE.get(getattr(error, "errno", None) or 0, "")
    return f"{words}; {helps}" if helps else words


def too_large(width: int, height: int) -> str:
    """Why video of this size is not decoded."""
    return f"sends pictures of {width}x{height}, which are too large: let it send smaller ones"


def of_decoder(width: int, height: int, pictures: int, size: int) -> str:
    """Why video is not decoded that demands this number of pictures, and of bytes in all."""
    return (
        f"its video of {width}x{height} needs {pictures} pictures, {-(-size // 2**20)} MiB, to be"
        f" decoded, and there is not so much memory for it: {_SMALLER}, or give the agent more"
        " (agent.memory_max)"
    )
