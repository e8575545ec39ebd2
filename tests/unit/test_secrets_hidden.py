"""A secret in any place where people write one is in nothing that the agent says."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config.check import checked, effective
from agent.config.error_messages import shown
from agent.core.errors import ConfigError
from agent.runtime.logs import LineFormatter
from agent.runtime.redaction import redact

#: Where a source carries user and password, `%` is the secret.
SOURCES = [
    "rtsp://admin:%@10.0.0.1/live",
    "rtsp://%:x@10.0.0.1/live",
    "http://%@10.0.0.1/",
    "rtsp://admin:x@%@10.0.0.1/live",
    "rtsp://admin:x/%@10.0.0.1/live",
    "rtsp://admin:x@/%@10.0.0.1/live",
    "http://admin:x#%@10.0.0.1/live",
    "http://admin:%#x@10.0.0.1/live",
    "http://admin:x?%@10.0.0.1:99999/live",
    "http://admin:[%@10.0.0.1/live",
    "rtsp://10.0.0.1/0/admin:%/main",
    "rtsp://10.0.0.1:99999/user=admin_password=%_channel=1",
    "rtsp://10.0.0.1/user=%_password=x_channel=1",
    "rtsp://10.0.0.1/user=admin&password=%&channel=1",
    "rtsp://10.0.0.1/user=admin/password=%/channel=1",
    "admin:%@10.0.0.1/x",
    "%@10.0.0.1/x",
    "%:x@10.0.0.1",
    "rtsp//admin:%@10.0.0.1/x",
    "http:/admin:%@10.0.0.1/x",
    "gopher://admin:%@10.0.0.1/x",
    "10.0.0.1/snap?loginpas=%",
    "hk://admin:%@10.0.0.1",
    "hk://10.0.0.1?password=%",
    "http://10.0.0.1/snap?pwd=x&%",
    "http://10.0.0.1/snap?user=admin&pwd=x;%&%&channel=1",
    "http://10.0.0.1/snap?u=admin&p=%&channel=1",
]
PARAMETERS = ["user", "usr", "username", "login", "loginuse", "loginpas", "pass", "passwd", "auth"]
PARAMETERS += ["password", "pwd", "pw", "psw", "PWD", "token", "access_token", "api_key", "secret"]
SOURCES += [
    f"http://10.0.0.1/snap{mark}{name}=%{end}x=1"
    for name in PARAMETERS
    for mark, end in (("?", "&"), ("?a=1&", ";"), ("?a=1;", "&"), ("/a_", "_channel=1&"))
]
#: Whole files, and variables, where keys and values stand in the wrong place.
FILES = [
    "mqtt:\n  - host: a\n  - password: %\n",
    "mqtt: host=10.0.0.1 password=%\n",
    "mqtt: password:%\n",
    "mqtt: %\n",
    "mqtt: {password:%}\n",
    "mqtt: {password=%}\n",
    "mqtt: {password %}\n",
    "mqtt: {password: x,%}\n",
    "mqtt: {password: x,%: y}\n",
    "mqtt: {host: h, username: %}\ncameras: {yard: {source: 'demo:'}}\n",
    "reoffer: {%: y}\n",
    "cameras: {yard: {source: http://a:x,%@h/}}\n",
    "cameras: {yard: {source: http://a:x,y:%@h/ }}\n",
    "mqtt: {password: [%]}\n",
    "mqtt: {password: {%: 1}}\n",
    "mqtt: {password: {a: %}, password: %}\n",
    "mqtt: {password: *%}\n",
    "mqtt: {password: !%}\n",
    "mqtt: {password: !!int %}\n",
    "mqtt: {password: &% a, username: &% b}\n",
    "mqtt: {password: '%}\n",
    "mqtt:\n  password: % : b: c\n",
    "mqtt: {port: %, keepalive: %, protocol: %, base_topic: '%-', tls: %, publish_images: %}\n",
    "mqtt: {host: 'mqtt://admin:%@h'}\n",
    "mqtt: {password_file: %}\n",
    "mqtt: {tls: [%]}\n",
    "reoffer: %\n",
    "reoffer: [{token: %}]\n",
    "reoffer: {token_file: %}\n",
    "reoffer: {token: [%], port: %, bind: [%]}\n",
    "store: {path: {password: %}}\n",
    "store: {path: /x, spool: {path: [password, %], max_size: {password: %}}}\n",
    "store: {path: /x, retention_days: 'token %'}\n",
    "beep: [{password: %}]\n",
    "home_assistant: {media_dir: 'http://admin:%@h?x', prefix: 'password=%#'}\n",
    "cameras: [{source: 'http://a:%@h/'}]\n",
    "cameras: {yard: 'http://a:%@h/'}\n",
    "cameras: {yard: {source: ['http://a:%@h/'], rotate: [%], record_source: {a: %}}}\n",
]
VARIABLES = [
    ("MQTT", '{"password": "%"'),
    ("MQTT", '[{"password": "%"}]'),
    ("MQTT", "%"),
    ("MQTT__PORT", "%"),
    ("REOFFER", "token: %: x"),
    ("REOFFER__PORT", "%"),
    ("CAMERAS", '{"yard": {"source": "http://a:%@h"'),
    ("CAMERAS__YARD", "http://a:%@h"),
    ("CAMERAS__YARD__SOURCE", "admin:%@h"),
    ("CAMERAS__YARD__ROTATE", "password: %"),
    ("CAMERAS__YARD__ROTATE", "%"),
    ("BEEP__VOLUME", "%"),
    ("STORE__KEEP_FREE", "%"),
    ("HOME_ASSISTANT__PREFIX", "%#"),
    ("HOME_ASSISTANT__PREFIX", "'%%%%%%%%%%%#"),
]
#: Letters that are in no word of ours.
secrets = st.text("qxzQXZ", min_size=6, max_size=12)


def told(text: str, environ: dict[str, str]) -> str:
    """What check-config prints, whether it is content or not."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(text)
        try:
            return "\n".join(effective(checked(path, environ), defaults=True))
        except ConfigError as error:
            return f"{error}\n{shown(error)}"


@given(st.sampled_from(SOURCES), secrets)
def test_no_outlet_shows_the_secret_of_a_source(source: str, secret: str) -> None:
    url = source.replace("%", secret)
    for key in ("source", "record_source"):
        cameras = {"yard": {"source": "demo:", key: url}}
        assert secret not in told(json.dumps({"cameras": cameras}), {})
    if source == "%@10.0.0.1/x":  # by itself it looks like a mail address; nobody logs it
        return
    record = logging.makeLogRecord({"msg": "camera yard: %s and %r", "args": (url, url)})
    assert secret not in LineFormatter().format(record)
    assert redact(redact(url)) == redact(url)


@pytest.mark.parametrize("source", SOURCES)
def test_each_known_place_of_a_source_is_hidden(source: str) -> None:
    secret = "qXzzyQq"  # noqa: S105  of nothing
    url = source.replace("%", secret)
    shown_text = told(json.dumps({"cameras": {"yard": {"source": url}}}), {})
    assert "cameras.yard.source" in shown_text
    assert secret not in shown_text


@pytest.mark.parametrize("text", FILES)
@settings(max_examples=5)
@given(secret=secrets)
def test_no_file_with_a_secret_in_a_wrong_place_is_quoted(text: str, secret: str) -> None:
    assert secret not in told(text.replace("%", secret), {})


@pytest.mark.parametrize(("name", "value"), VARIABLES)
@settings(max_examples=5)
@given(secret=secrets)
def test_no_variable_with_a_secret_in_a_wrong_place_is_quoted(
    name: str, value: str, secret: str
) -> None:
    environ = {f"SURVEILLANCE_{name}": value.replace("%", secret)}
    text = "" if name.startswith("CAMERAS") else "cameras: {yard: {source: 'demo:'}}"
    answer = told(text, environ)
    assert f"SURVEILLANCE_{name}: " in answer or "SURVEILLANCE_" not in answer
    assert secret not in answer


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mqtt:\n  - host: a\n  - password: x\n", "a list"),
        ("mqtt: host=10.0.0.1 password=geheim\n", "text"),
        ("reoffer: geheim\n", "text"),
        ("mqtt: 5\n", "a number"),
    ],
)
def test_where_keys_are_wanted_the_kind_of_what_stands_there_is_told(text: str, kind: str) -> None:
    line = told(text + "cameras: {yard: {source: 'demo:'}}\n", {}).splitlines()[1]
    assert f"needs keys of its own, such as `key: value`, not {kind}; leave it out where" in line


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("http://10.0.0.1:99999/x", "the port is no number from 1 to 65535; expected http://"),
        ("rtsp://10.0.0.1:99999/x", "the port is no number from 1 to 65535; expected rtsp://"),
        ("rtsp://admin:ge#heim@10.0.0.1/x", "in user and password write # as %23, ? as %3F"),
        ("http://admin:ge?heim@10.0.0.1/x", "in user and password write # as %23, ? as %3F"),
        ("http://admin:g[heim@10.0.0.1/x", "in user and password write # as %23"),
        ("rtsp://[::1/x", "cannot be read; expected rtsp://"),
    ],
)
def test_what_is_wrong_with_a_url_is_told(source: str, words: str) -> None:
    assert words in told(json.dumps({"cameras": {"yard": {"source": source}}}), {})
