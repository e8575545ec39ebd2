"""Reads the configuration: file, then environment, checked as a whole, every mistake named.

A mistake names the key, the line of the file (or the variable), what is allowed and, for a key that
does not exist, the nearest one that does.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr, ValidationError

from agent.config.error_messages import Path_, is_text, key_text, mistake, path_text
from agent.config.relative_paths import anchored
from agent.core.errors import ConfigError, reason_of
from agent.runtime.redaction import hide, hide_url
from schemas.base import ID_LIMIT, quoted
from schemas.camera_config import SETTING_KEYS
from schemas.config import Config, MqttConfig, ReofferConfig
from schemas.page_config import SHORTEST_PASSWORD, SHORTEST_TOKEN, PageConfig
from schemas.settings import CameraSettings, setting_names

PREFIX = "SURVEILLANCE_"
#: Where a configuration is looked for when none is named.
DEFAULT_PLACES = (Path("config.yaml"), Path("/etc/surveillance-agent/config.yaml"))
#: Variables with the prefix that are no configuration keys.
NOT_KEYS = frozenset({"CONFIG", "LOG_LEVEL"})
_START = "copy config/config.example.yaml to config.yaml and change it"
#: Bounds what a file can make us read; a real one has a few kB.
MAX_FILE_BYTES = 1_000_000
#: Bounds what aliases in it can unfold to, and how deep; a real one has some hundred values.
MAX_VALUES = 20_000
MAX_DEPTH = 20
#: Errors of a file that is no YAML. PyYAML also passes on the errors of its constructors: a date
#: without a month, `!!bool x`, a number of 5,000 digits.
_NO_YAML = (
    yaml.YAMLError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OverflowError,
    RecursionError,
)
#: One of two halves of a character, as JSON writes it; YAML has no such pairs.
_HALF = re.compile("[\\ud800-\\udfff]")
_TEXT, _NOTHING = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"
#: What YAML takes a key without quotes for.
_NO_TEXT = {
    "tag:yaml.org,2002:bool": "a truth value",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    _NOTHING: "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
}
#: Taken from the environment also where they are empty: there are brokers without passwords.
_ALSO_EMPTY = frozenset({"password", "username", "user", "token", "one_time_token"})
#: Taken from it with quotes around them, too. Around other text they are none of it: files of
#: variables for containers have them, and nobody takes them away.
_WITH_QUOTES = _ALSO_EMPTY | {"source", "record_source", "name"}
_QUOTED = re.compile(r"""(['"]).*\1""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration in force and where each given value came from (`file:12`, a variable)."""

    config: Config
    file: Path | None
    origins: Mapping[Path_, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what somebody may want to change in the file

    def named_settings(self, camera_id: str) -> frozenset[str]:
        """The run-time settings of a camera that the configuration itself sets."""
        named = {
            name
            for name in setting_names(CameraSettings)
            if ("cameras", camera_id, *SETTING_KEYS[name].split(".")) in self.origins
        }
        both = {"sensitivity", "pixel_threshold", "min_changed"}  # one is said by the others
        return frozenset(named | both if "sensitivity" in named else named)


def find_file(named: str | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: named, or at a default place; None when there is none.

    Raises:
        ConfigError: when a file is named and missing.
    """
    wanted = named or environ.get(f"{PREFIX}CONFIG")
    if wanted:
        path = Path(wanted)
        if not os.path.isfile(path):  # noqa: PTH113  Path.is_file() raises where we may not look
            raise ConfigError(f"configuration {path}: there is no such file, or none we may see")
        return path
    try:
        return next((path for path in DEFAULT_PLACES if path.is_file()), None)
    except PermissionError as error:
        raise ConfigError(f"configuration {error.filename}: {reason_of(error)}") from None


def is_configured(named: str | None, environ: Mapping[str, str]) -> bool:
    """Whether a file or the environment names cameras: otherwise it is the demo.

    Raises:
        ConfigError: as of `find_file`.
    """
    keys = (name.removeprefix(PREFIX).casefold() for name in environ if name.startswith(PREFIX))
    named_here = any(key.partition("__")[0] == "cameras" for key in keys)
    return find_file(named, environ) is not None or named_here


@dataclass(frozen=True, slots=True)
class Given:
    """What file and environment say, before it is checked; `mistakes` so far, one a line."""

    file: Path | None
    tree: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path_, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def mistake(self, path: Path_, text: str) -> None:
        """Notes what is wrong with a key, or with what it leads to."""
        origin = self._origin(path) or "not given"
        self.mistakes.append(f"  {origin}: {key_text(path)}: {text}")

    def _origin(self, path: Path_) -> str | None:
        places = (self.origins.get(path[:n]) for n in range(len(path), 0, -1))
        return next((place for place in places if place), None)

    def config(self) -> Config | None:
        """The configuration, as far as its keys go; None where they are wrong: then noted."""
        try:
            return Config.model_validate(self.tree)
        except ValidationError as error:
            for details in error.errors():
                path, text = mistake(details)
                value, origin = details["input"], self._origin(path) or ""
                if origin.startswith(PREFIX) and "__" not in origin and details["loc"] == path:
                    text += "; two underscores lie between levels: SURVEILLANCE_MQTT__HOST"
                if isinstance(value, str) and origin.startswith(PREFIX):
                    # who mixed variables up may have put a secret into any of them
                    text = text.replace(repr(value), "this").replace(quoted(value), "this")
                self.mistake(path, text)
        return None

    def loaded(self, config: Config | None) -> Loaded:
        """The outcome.

        Raises:
            ConfigError: with every mistake, one a line.
        """
        if config is None or self.mistakes:
            where = self.file or "environment"
            raise ConfigError(f"configuration {where}:\n" + "\n".join(self.mistakes))
        for camera in config.cameras.values():
            for source in (camera.source, camera.record_source or ""):
                hide_url(source)
                for word in source.split():  # of a command that has a URL in it
                    hide_url(word)
        return Loaded(config, self.file, self.origins, tuple(self.notes))


def read(path: Path | None, environ: Mapping[str, str], *, folder: Path | None = None) -> Given:
    """File and environment, merged.

    Args:
        path: the file; None: there is none.
        environ: the variables. A relative path in one counts from the working folder.
        folder: relative paths in the file count from it; default: the file's own folder.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or there is nothing at all.
    """
    given = Given(path)
    if path is not None:
        _read_file(path, given)
        given.notes.extend(anchored(given.tree, folder or path.parent, Path.cwd()))
    _merge_environment(given, environ)
    if not given.tree and path is not None:
        raise ConfigError(f"configuration {path}: the file is empty: {_START}")
    if path is None and "cameras" not in given.tree:
        raise ConfigError(_nothing_found())
    return given


def _nothing_found() -> str:
    """What to say where neither a file nor the environment names a camera."""
    looked = ", ".join(str(place.absolute()) for place in DEFAULT_PLACES)
    words = f"{PREFIX}CONFIG names no file, no {PREFIX}CAMERAS__… is set"
    return (
        f"no configuration: there is no {looked}, ${words}:"
        f" {_START}, or see the demo with `script/run`"
    )


def load(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Reads, merges and checks the keys; `agent.config.check` also looks at what they lead to.

    Raises:
        ConfigError: with every mistake, one a line.
    """
    given = read(path, environ)
    return given.loaded(given.config())


def password_of(mqtt: MqttConfig) -> str | None:
    """The broker's password, from the configuration or its file; hidden from now on.

    Raises:
        ConfigError: when the file cannot be read.
    """
    if mqtt.password is not None:
        password = mqtt.password.get_secret_value()
    elif mqtt.password_file is None:
        return None
    else:
        key = "mqtt.password_file"
        password = _kept_in(mqtt.password_file, key).rstrip("\r\n")
        if not password:
            raise ConfigError(f"{key} {path_text(mqtt.password_file)}: the file is empty")
    hide(password)
    return password


def token_of(reoffer: ReofferConfig | PageConfig | None, key: str = "reoffer") -> str | None:
    """A token, from the configuration or its file; hidden from now on.

    Args:
        reoffer: what has a token.
        key: its name in the configuration.

    Raises:
        ConfigError: when the file cannot be read, or is too short.
    """
    if reoffer is None:
        return None
    where = f"{key}.token_file"
    return _secret_of(reoffer.token, reoffer.token_file, where, SHORTEST_TOKEN)


def page_password_of(page: PageConfig) -> str | None:
    """The page's password, from the configuration or its file; hidden from now on.

    Raises:
        ConfigError: when the file cannot be read, or is too short.
    """
    where = "page.password_file"
    return _secret_of(page.password, page.password_file, where, SHORTEST_PASSWORD)


def _secret_of(value: SecretStr | None, file: Path | None, key: str, shortest: int) -> str | None:
    if value is not None:
        secret = value.get_secret_value()
        hide(secret)
        return secret
    if file is None:
        return None
    secret = _kept_in(file, key).strip()
    if len(secret) < shortest:
        raise ConfigError(f"{key} {path_text(file)}: needs at least {shortest} characters")
    hide(secret)
    return secret


def _kept_in(file: Path, key: str) -> str:
    """What a file with a secret has, without the mark that Windows editors put in front."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key} {path_text(file)}: {reason_of(error)}") from None


def agent_id_of(config: Config) -> str:
    """The configured id, else the host name as an id."""
    return config.agent.id or slug(socket.gethostname())


def slug(text: str, otherwise: str = "agent") -> str:
    """Any text as an identifier: `[a-z0-9]+(_[a-z0-9]+)*`, at most 32 characters.

    Args:
        text: any.
        otherwise: the identifier if no character of the text can be in one.
    """
    words = re.sub(r"[^a-z0-9]+", "_", text.casefold())[:ID_LIMIT].strip("_")
    return words or otherwise


def state_dir_of(config: Config | None, *, make: bool = True) -> Path:
    """The folder for settings, journal and spool.

    Args:
        config: may name it; None: there is none.
        make: create it if need be; else it is only said which one it would be.

    Raises:
        ConfigError: when no folder can be written.
    """
    fallback = Path.home() / ".local/state/surveillance-agent"
    wanted = config.agent.state_dir if config else None
    places = [wanted] if wanted else [Path("/var/lib/surveillance-agent"), fallback]
    reasons = []
    for place in places:
        try:
            if make:
                place.mkdir(parents=True, exist_ok=True)
            there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
        except OSError as error:
            reasons.append(f"{place}: {reason_of(error)}")
            continue
        if os.access(there, os.W_OK | os.X_OK):
            return place
        reasons.append(f"{place}: {reason_of(PermissionError(errno.EACCES, 'not writable'))}")
    raise ConfigError(f"agent.state_dir: {'; '.join(reasons)}; name a writable folder")


# ---------------------------------------------------------------- file and environment


def _read_file(path: Path, given: Given) -> None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ConfigError(f"configuration {path}: larger than {MAX_FILE_BYTES} bytes")
        text = data.decode()
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        check_extent(root, f"configuration {path}")
        _collect_lines(root, (), path.name, given)
        tree = None if root is None else yaml.SafeLoader("").construct_document(root)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path}: {reason_of(error)}") from None
    except _NO_YAML as error:
        raise ConfigError(f"configuration {path}{_no_yaml(error, text)}") from None
    if tree is None:
        return
    if not isinstance(tree, dict):
        raise ConfigError(f"configuration {path}: must be keys and values, like `mqtt: {{…}}`")
    given.tree.update(tree)


def _no_yaml(error: Exception, text: str) -> str:
    """Where in the file it stops being YAML, and why."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f", line {line}: not valid YAML: a control character (#x{error.character:02x})"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        reason = re.sub(r"""['"].*['"]""", "'…'", str(error), flags=re.DOTALL)
        return f": not valid YAML: {reason}"
    mark, begun = error.problem_mark, error.context_mark
    reason = _without_quotes(", ".join(word for word in (error.context, error.problem) if word))
    if "for the tag" in reason:  # `!secret`, `!include`, `!env_var` of other programs
        reason = "a tag such as !secret is not known here"
        reason += "; use mqtt.password_file or an environment variable"
        reason += " (docs/reference/configuration.md)"
    if begun is not None and begun.line != mark.line:
        reason += f" (begun in line {begun.line + 1})"
    if "'\\t'" in reason:
        reason += "; write spaces instead of the tab"
    if "mapping values" in reason:
        reason += "; write text that ends with a colon, or has one and a space, in quotes"
    return f", line {mark.line + 1}, column {mark.column + 1}: not valid YAML: {reason}"


def _without_quotes(reason: str) -> str:
    """Without what was in the file, but for single characters and YAML's own `<words>`."""

    def kept(match: re.Match[str]) -> str:
        """What YAML quotes of itself, or a character that is in the way."""
        harmless = re.fullmatch(r"<[a-z ]+>|.{1,2}", match[2])
        return match[0] if harmless else "'…'"

    return re.sub(r"""(['"])(.*?)\1""", kept, reason, flags=re.DOTALL)


def check_extent(root: yaml.Node | None, where: str) -> None:
    """Refuses what a few lines with aliases can unfold to, before it is unfolded.

    Args:
        root: what `yaml.compose` found.
        where: the file, for the message.

    Raises:
        ConfigError: it has too many values, is nested too deeply, or has a character that no file
            name and no output can have: NUL, or one half of a pair.
    """
    waiting = [] if root is None else [(root, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        line = f"{where}, line {node.start_mark.line + 1}"
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise ConfigError(f"{line}: too many values, or nested too deeply")
        if isinstance(node, yaml.MappingNode):
            waiting += [(inner, depth + 1) for pair in node.value for inner in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(inner, depth + 1) for inner in node.value]
        elif "\0" in node.value:
            raise ConfigError(f"{line}: a NUL character")
        elif _HALF.search(node.value):
            raise ConfigError(f"{line}: half a character (\\ud800 to \\udfff): write it as it is")


def _collect_lines(node: yaml.Node | None, path: Path_, name: str, given: Given) -> None:
    """Notes the line of every key; a key given twice is a mistake that YAML itself lets pass.

    So is a key that YAML takes for something else than text: `no` and `on` are truth values. From
    here on it is text, so that one mistake has one message.
    """
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        here = (*path, str(key.value))
        line = key.start_mark.line + 1
        if here in given.origins:
            given.mistake(here, f"is given twice, again in line {line}: keep one")
        else:
            given.origins[here] = f"{name}:{line}"
        if key.tag in _NO_TEXT:
            if value.tag != _NOTHING:  # `{password: abc,12}` has a key `12`: refused as any other
                given.mistake(here, f"is {_NO_TEXT[key.tag]} in YAML, not text: write it in quotes")
            key.tag = _TEXT
        _collect_lines(value, here, name, given)


def _merge_environment(given: Given, environ: Mapping[str, str]) -> None:
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable.removeprefix(PREFIX) in NOT_KEYS:
            continue
        path = tuple(variable.removeprefix(PREFIX).casefold().split("__"))
        empty = not text and path[-1] not in _ALSO_EMPTY
        branch = given.tree
        for key in path[:-1]:
            inner = branch.get(key)
            if inner is None:  # not there, or a block of the file that is empty
                inner = {}
                if not empty:  # nothing makes no block: `tls:` or `page:` alone turns something on
                    branch[key] = inner
            if not isinstance(inner, dict):
                raise ConfigError(f"{variable}: {'.'.join(path)} is no key: {key} has a value")
            branch = inner
        if empty:
            branch.pop(path[-1], None)  # as `${NAME:-}` writes it: what is not set has its default
            continue
        try:  # `0123`, `a: b` or `on` is as good a text as any
            bare = path[-1] in _WITH_QUOTES or not _QUOTED.fullmatch(text)
            branch[path[-1]] = text if bare and is_text(path) else yaml.safe_load(text)
        except _NO_YAML:
            branch[path[-1]] = text
        given.origins[path] = variable
