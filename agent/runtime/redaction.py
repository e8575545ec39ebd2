"""What nobody may read: passwords and tokens, hidden by value and by the place where they stand.

All that the agent says goes through here: log, messages to the broker, answers of commands.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import TypeVar
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

#: As `html.escape` writes; the module has a table of 2,200 names that nobody here needs.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
#: What stands where something was hidden.
HIDDEN = "***"
_MIN_SECRET = 4  # characters; hiding shorter ones would make every line unreadable
#: Characters. A shorter secret is hidden as a whole word only: `pass` stands in `password`.
_LONG = 8
#: What a word may be written behind, although it ends with letters or digits: `%3Apass`, `\\npass`.
_BEHIND = ("%[0-9a-f]{2}", "%25[0-9a-f]{2}", r"\\[abfnrtv]", r"\\x[0-9a-f]{2}", r"\\u[0-9a-f]{4}")
#: In a URL everything up to its last @. A password may have @, / or a blank in it: that is no valid
#: URL, but people write it. Also user:password@ in an address without a scheme.
_USER_INFO = re.compile(
    r"""(?<=://)(?:(?:(?!://)\S)*|[^/:@\s]+:[^/@\r\n]*)@
    |(?<![^\s'"`(\[{,=])[^\s:@'"`(\[{,=]{1,200}:(?!//)[^\s@]{0,200}@""",
    re.VERBOSE,
)
#: What the name of a parameter with a secret has in it: it is enough that it may be one.
_SUSPECT = "pas|pw|psw|token|secret|key|login|auth|user|usr|cred|sess"
_NAMED = rf"(?=[a-z0-9]{{0,32}}?(?:{_SUSPECT}))[a-z0-9]{{1,64}}"
#: Names of parameters with the name of a user.
_USER = re.compile("u|usr|user|user_?name|login|login_?use(?:r)?", re.IGNORECASE)
#: Whole names: as parts of names they stand in `side`, `ping` and `encode`.
_WHOLE = "u|p|sid|pin|otp|sig|jwt|ticket|code|hash|nonce|response"
#: Also what cameras have in the path: `/user=admin_password=…_channel=1`. The value ends where it
#: surely does: an & without a parameter behind it is part of a password.
_PARAMETER = re.compile(
    rf"""((?<![a-z0-9]){_NAMED}(?:=|%3D)|(?<=[?&;])(?:{_WHOLE})=)
    (?:(?!_(?:channel|stream)=|:\s|[&;](?:[\w.%-]+=|\s|$))\S)+""",
    re.IGNORECASE | re.VERBOSE,
)
#: Text in quotes, and a list; without their end: all that follows. The pattern never fails after
#: its start and never backtracks: it looks at each place one time, also in a hostile line.
_TEXT = r"""(?:"(?:\\.|[^"\\])*+(?:"|\\?\Z)|'(?:\\.|[^'\\])*+(?:'|\\?\Z))"""
_LIST = rf"""\[(?:{_TEXT}|[^"'\]])*+(?:\]|\Z)"""
for _ in range(8):  # lists within lists
    _LIST = rf"""\[(?:{_TEXT}|{_LIST}|[^"'\[\]])*+(?:\]|\Z)"""
#: As JSON and Python write it: blanks and all. Keys within { } are found by themselves. A comma
#: with more behind it is part of what has no quotes.
_QUOTED = re.compile(
    rf"""((["'])[\w-]{{0,32}}?(?<![a-z0-9]){_NAMED}\2\s*:\s*)
    (?:b?{_TEXT}|{_LIST}|(?![\[{{])(?:[^\s,}}\]]|,+(?![\s,"'}}\]]|\Z))+)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
#: A part of a path: `/0/admin:password/main`.
_URL = re.compile(r"(?<=://)\S+")
_PAIR = re.compile(r"(?<=/)[^/:?&]+:[^/?&]+")
#: A part of a path or a value in a URL that nobody would choose as a name: `/aX3f…/live`.
_PART = re.compile(r"(?<=[/=])[A-Za-z0-9_.~-]{12,}(?=[/?&;#]|$)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{16,}", re.IGNORECASE)
_CHANGES = re.compile(r"(?<=[a-z])[A-Z]|(?<=[a-zA-Z])[0-9]|(?<=[0-9])[a-zA-Z]")
_MOST_CHANGES = 3  # `videoMainStreamHigh`: of 16 random characters 98 % have more
#: What a client sends, and a camera may repeat: `Authorization: Basic YTpi`, `Digest username=…`.
_AUTHORIZATION = re.compile(r"""(authorization["']?\s*[:=]\s*["']?)[^\r\n]+""", re.IGNORECASE)
_BASIC = re.compile(r"\b(basic|bearer|digest)(\s+)([A-Za-z0-9+/_.~=-]{6,})", re.IGNORECASE)

_LETTER = re.compile("[a-z0-9]")
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
#: Texts that are hidden, in small letters, the newest last, and whether only as whole words. The
#: bound is for the texts that many reloads add.
_MOST_FORMS = 1000
_forms: dict[str, bool] = {}
_changed = object()  # another one after each change
_known: tuple[object, re.Pattern[str]] = (None, re.compile(r"(?!)"))  # of which change

#: Fields of messages between the parts of the agent that hold words of others.
_WORDS = ("reason", "message", "text")
Said = TypeVar("Said")


def hide(secret: str | None) -> None:
    """From now on, `redact` hides this text, and as it is written in URLs, JSON, base64 and hex.

    Fewer than 4 characters are not hidden: they occur everywhere. Fewer than 8 are hidden where
    they are a whole word or part of a URL, and not within another word.
    """
    global _changed  # noqa: PLW0603  what is secret is secret for the whole process
    if not secret or len(secret) < _MIN_SECRET:
        return
    forms = dict.fromkeys(map(_small, _written(secret)), len(secret) < _LONG)
    forms |= dict.fromkeys(map(_small, _encoded(secret)), False)
    for form, whole in forms.items():
        _forms[form] = _forms.pop(form, True) and whole
    while len(_forms) > _MOST_FORMS:
        del _forms[next(iter(_forms))]
    _changed = object()


def hide_url(url: str) -> None:
    """From now on `redact` hides the secrets of this URL at every place where they stand alone."""
    for secret in secrets_of(url):
        hide(secret)


def secrets_of(url: str) -> Iterator[str]:
    """The password, the tokens, and the values of parameters that are named like secrets.

    Names of users are none: `camera` or `admin` would be hidden in every line.
    """
    before, _, _ = url.partition("://")[2].rpartition("@")
    _, colon, password = before.partition(":")
    if colon:
        yield from {password, unquote(password)}
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for name, value in parse_qsl(parts.query.replace(";", "&")):
        named = is_named_like_a_secret(name) and not _USER.fullmatch(name)
        if named or _is_token(value):
            yield value
    yield from (part for part in parts.path.split("/") if _is_token(part))


def is_named_like_a_secret(name: str) -> bool:
    """Whether a field of this name may hold a password or a token; user names count as such."""
    whole = f"(?:{_WHOLE})$" if len(name) > 1 else "[up]$"
    return bool(re.match(whole, name, re.IGNORECASE) or re.search(_SUSPECT, name, re.IGNORECASE))


def redact(text: str) -> str:
    """The text without hidden secrets and without what URLs carry: user, password, tokens.

    The one place that knows what credentials look like; it rather hides too much.
    """
    text = _without_known(text)
    text = _AUTHORIZATION.sub(rf"\g<1>{HIDDEN}", text)
    text = _BASIC.sub(_without_credentials, text)
    text = _USER_INFO.sub(f"{HIDDEN}@", text)
    text = _QUOTED.sub(rf"\g<1>{HIDDEN}", text)
    text = _PARAMETER.sub(rf"\g<1>{HIDDEN}", text)
    return _URL.sub(lambda url: _PART.sub(_without_token, _PAIR.sub(HIDDEN, url[0])), text)


def excerpt(text: str, most: int) -> str:
    """The text without its secrets, cut to at most `most` characters.

    It cuts after it hides. If it cut first, a part of a password could be left that no rule finds.
    The camera or broker that repeats the password would decide how large that part is.
    """
    return redact(text)[:most]


def without_secrets(said: Said) -> Said:
    """What an owner says, with its words redacted: a camera or a broker may repeat a password.

    Args:
        said: a dataclass; its texts named in `_WORDS` are looked at.
    """
    texts = {name: getattr(said, name, None) for name in _WORDS}
    clean = {name: redact(text) for name, text in texts.items() if type(text) is str and text}
    changed = {name: text for name, text in clean.items() if text != texts[name]}
    return replace(said, **changed) if changed else said  # type: ignore[type-var]


def forget_all() -> None:
    """Hides no value any more: each test begins with nothing known."""
    global _changed  # noqa: PLW0603
    _forms.clear()
    _changed = object()


def _without_known(text: str) -> str:
    """Hides what is hidden by its value; in capitals, too: host names are written small."""
    parts, at = [], 0
    for match in _pattern().finditer(_small(text)):
        parts += [text[at : match.start()], HIDDEN]
        at = match.end()
    return "".join([*parts, text[at:]]) if parts else text


def _pattern() -> re.Pattern[str]:
    """Of all that is hidden by its value; made when it is needed: there may be many of them."""
    global _known  # noqa: PLW0603
    change = _changed  # other threads may hide more meanwhile: then it is made again
    known = _known
    if known[0] is not change:
        longest_first = sorted(_forms, key=len, reverse=True)  # one may be part of another
        known = change, re.compile("|".join(map(_found, longest_first)) or r"(?!)")
        _known = known
    return known[1]


def _found(form: str) -> str:
    """The pattern of one text. It begins with the text itself: so `re` finds it fast."""
    text = re.escape(form)
    if not _forms.get(form):
        return text
    if _LETTER.match(form):
        text += f"(?:(?<![a-z0-9]{text})" + "".join(f"|(?<={it}{text})" for it in _BEHIND) + ")"
    return text + "(?![a-z0-9])" if _LETTER.match(form[-1]) else text


def _small(text: str) -> str:
    """In small letters, each in its place: `str.lower` makes two characters of some."""
    return text.translate(_SMALL)


def _written(secret: str) -> Iterator[str]:
    """The secret as it may be written, as a word."""
    data = secret.encode(errors="surrogatepass")
    yield from (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])
    yield from (data.decode("latin-1"), secret.translate(_ESCAPED))  # in a head of HTTP, in a page
    url = secret.encode(errors="replace")
    yield from (quote(url), quote(url, safe=""), quote_plus(url), quote(quote(url, safe="")))


def _encoded(secret: str) -> Iterator[str]:
    """The secret as it may be written within a longer text that nobody reads."""
    data = secret.encode(errors="surrogatepass")
    yield data.hex()
    for lead in range(3):  # its place within the groups of three bytes, behind `user:` for example
        whole = b64encode(bytes(lead) + data).decode()
        sure = whole[(lead * 8 + 5) // 6 : (lead + len(data)) * 8 // 6]  # of no neighbour's bits
        if len(sure) >= _MIN_SECRET:
            yield from (sure, sure.translate(str.maketrans("+/", "-_")))


def _is_token(part: str) -> bool:
    """Whether a part of a URL is made up at random, as far as one can see."""
    if len(part) < 12:
        return False
    if _UUID.fullmatch(part) or (_HEX.fullmatch(part) and not part.isdecimal()):
        return True
    longest = max(re.split(r"[._~-]", part), key=len)
    return len(longest) >= 12 and len(_CHANGES.findall(longest)) > _MOST_CHANGES


def _without_token(match: re.Match[str]) -> str:
    return HIDDEN if _is_token(match[0]) else match[0]


def _without_credentials(match: re.Match[str]) -> str:
    """`Basic YWRtaW46cHc=` is hidden, `basic authentication` is not."""
    scheme, blank, value = match.groups()
    if scheme.lower() == "basic":
        try:
            secret = b":" in b64decode(value + "=" * (-len(value) % 4), validate=True)
        except (Base64Error, ValueError):
            secret = False
    else:
        secret = _is_token(value)
    return f"{scheme}{blank}{HIDDEN}" if secret else match[0]
