"""What the operator writes is taken over whole, or every mistake is named."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.config.loader import (
    agent_id_of,
    find_file,
    is_configured,
    load,
    password_of,
    slug,
    state_dir_of,
    token_of,
)
from agent.core.errors import ConfigError
from schemas.camera_config import CameraConfig
from schemas.config import MqttConfig
from schemas.page_config import PageConfig

EXAMPLE = Path(__file__).resolve().parents[3] / "config" / "config.example.yaml"
MINIMAL = """
mqtt: {host: 127.0.0.1}
store: {path: /mnt/imagestore}
cameras:
  front_door: {source: "hk://192.168.1.2"}
"""


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def mistakes(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(path, {})
    text = str(raised.value)
    return text.splitlines()[1:] if text.startswith(f"configuration {path}:\n") else [text]


def test_the_minimal_file_of_the_contract_is_enough(write: Path) -> None:
    write.write_text(MINIMAL)
    config = load(write, {}).config
    assert config.store is not None
    assert config.store.retention_days == 4
    camera = config.cameras["front_door"]
    assert camera.settings().min_changed == 0.0814
    assert camera.settings().max_changed == 16.28
    assert camera.settings().post_frames == 10
    assert camera.settings().monitoring_interval == 900
    assert camera.analysis_fps == 3
    assert config.beep.cooldown_seconds == 60


def test_the_environment_wins_over_the_file(write: Path) -> None:
    write.write_text(MINIMAL)
    environ = {
        "SURVEILLANCE_MQTT__HOST": "broker",
        "SURVEILLANCE_CAMERAS__FRONT_DOOR__DETECTION__PIXEL_THRESHOLD": "30",
        "SURVEILLANCE_LOG_LEVEL": "DEBUG",
        "OTHER": "x",
    }
    config = load(write, environ).config
    assert config.mqtt.host == "broker"
    assert config.cameras["front_door"].detection.pixel_threshold == 30


def test_the_environment_alone_is_a_configuration() -> None:
    config = load(None, {"SURVEILLANCE_CAMERAS__YARD__SOURCE": "hk://10.0.0.9"}).config
    assert list(config.cameras) == ["yard"]


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_one(write: Path) -> None:
    text = MINIMAL + '  yard:\n    source: "hk://10.0.0.9"\n    detecton: {profile: seed}\n'
    assert mistakes(write, text) == [
        "  config.yaml:8: cameras.yard.detecton: no such key; did you mean detection?",
    ]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("sensitvity", "detection.sensitivity"),
        ("sensitivity", "detection.sensitivity"),
        ("audo", "audio"),
    ],
)
def test_a_key_that_belongs_into_a_block_below_is_named_with_it(
    write: Path, key: str, near: str
) -> None:
    text = MINIMAL + f'  yard:\n    source: "hk://10.0.0.9"\n    {key}: 1\n'
    (line,) = mistakes(write, text)
    assert line == f"  config.yaml:8: cameras.yard.{key}: no such key; did you mean {near}?"


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("no", "a truth value"),
        ("Off", "a truth value"),
        ("12", "a number"),
        ("1_0", "a number"),
        ("null", "nothing"),
        ("2026_01", "a number"),
    ],
)
@pytest.mark.parametrize("zone", [False, True])
def test_an_id_that_is_no_text_in_yaml_is_refused_as_it_was_written(
    write: Path, key: str, taken: str, *, zone: bool
) -> None:
    polygon = "{polygon: [[0, 0], [1, 0], [1, 1]]}"
    inner = f"{{source: 'demo:', zones: {{{{}}: {polygon}}}}}" if zone else "{source: 'demo:'}"
    text = (
        "cameras:\n  yard: " + inner.replace("{}", key) if zone else f"cameras:\n  {key}: {inner}"
    )
    where = f"cameras.yard.zones.{key}" if zone else f"cameras.{key}"
    lines = mistakes(write, text)
    words = f"is {taken} in YAML, not text: write it in quotes"
    assert lines[0] == f"  config.yaml:2: {where}: {words}"
    assert [it for it in lines[1:] if "small letters" not in it] == []
    quoted = text.replace(f"{key}:", f'"{key.lower()}":')
    write.write_text(quoted)
    assert load(write, {}).config.cameras


def test_a_part_of_a_password_is_not_shown_as_a_key(write: Path) -> None:
    lines = mistakes(write, "mqtt: {password: abc, 123456}\ncameras: {a: {source: 'demo:'}}\n")
    assert any("text with a comma is written in quotes" in line for line in lines)
    assert "123456" not in "".join(lines)


def test_a_decimal_comma_in_braces_is_told_to_be_a_point(write: Path) -> None:
    told = mistakes(write, "location: {latitude: 52,52, longitude: 13,40}\n" + MINIMAL)
    for line in told:
        assert "location.…: no such key" in line
        assert line.endswith("a number with a point, such as 52.52")
    assert told


def test_a_key_like_no_other_is_answered_with_all_there_are(write: Path) -> None:
    (line,) = mistakes(write, "zzz: 1\n" + MINIMAL)
    assert "config.yaml:1: zzz: no such key; allowed: agent, mqtt, home_assistant" in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt: {port: 70000}", "mqtt.port: must be at most 65535"),
        ("store: {path: /x, retention_days: 0}", "retention_days: must be at least 1"),
        ("store: {path: /x, spool: {max_size: 3 parsecs}}", "write a number with B, KiB, MiB"),
        ("home_assistant: {prefix: 'a/#'}", "is no topic"),
        ("beep: {volume: 2}", "beep.volume: must be at most 1"),
        ("mqtt: {password: a, password_file: b}", "both set"),
        ("agent: {id: Front Door}", "agent.id"),
    ],
)
def test_values_out_of_range_are_named_with_what_is_allowed(
    write: Path, text: str, expected: str
) -> None:
    (line,) = mistakes(write, f"{text}\ncameras: {{yard: {{source: 'hk://10.0.0.9'}}}}\n")
    assert expected in line
    assert line.startswith("  config.yaml:1: ")


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        ("rotate: 90", "rotate: 0 or 180"),
        ("detection: {profile: robst}", "'robust', 'plain' or 'seed'"),
        (
            "detection: {profile: plain, min_changed: 50}",
            "(16.28 %) must be above min_changed (50",
        ),
        ("analysis_fps: 0", "analysis_fps"),
    ],
)
def test_mistakes_of_a_camera_are_named(write: Path, camera: str, expected: str) -> None:
    text = f"cameras:\n  yard:\n    source: 'hk://10.0.0.9'\n    {camera}\n"
    assert expected in "\n".join(mistakes(write, text))


def test_all_mistakes_are_named_at_once(write: Path) -> None:
    lines = mistakes(write, "mqtt: {port: 0, keepalive: 1}\ncameras: {yard: {}}\n")
    assert len(lines) == 3
    assert any("cameras.yard.source: is required" in line for line in lines)


@pytest.mark.parametrize("name", ["Front", "a__b", "a-b", "x" * 33, "_a"])
def test_camera_names_are_identifiers(write: Path, name: str) -> None:
    (line,) = mistakes(write, f"cameras: {{{name}: {{source: 'hk://10.0.0.9'}}}}\n")
    assert "small letters and digits" in line


@pytest.mark.parametrize("name", ["health", "beep", "request", "self_test"])
def test_a_camera_is_not_called_like_a_topic_of_the_agent(write: Path, name: str) -> None:
    (line,) = mistakes(write, f"cameras: {{{name}: {{source: 'hk://10.0.0.9'}}}}\n")
    assert "a topic of the agent" in line


def test_a_camera_is_not_called_like_that_of_the_self_test(write: Path) -> None:
    (line,) = mistakes(write, "cameras: {self_test_1: {source: 'hk://10.0.0.9'}}\n")
    assert "belong to the self test" in line
    write.write_text("cameras: {self_tester: {source: 'hk://10.0.0.9'}}\n")
    assert "self_tester" in load(write, {}).config.cameras


def test_the_self_test_has_a_local_time_or_none(write: Path) -> None:
    write.write_text(MINIMAL)
    assert load(write, {}).config.self_test.at is None
    write.write_text(f'{MINIMAL}self_test: {{at: "03:30"}}\n')
    assert load(write, {}).config.self_test.at == "03:30"
    for given in ("13:30", '"3:30"', '"24:00"', '"03:30:00"', "true", "[]"):
        (line,) = mistakes(write, f"{MINIMAL}self_test: {{at: {given}}}\n")
        assert "self_test.at" in line
        assert 'a local time in quotes such as "03:30"' in line


def test_without_a_camera_there_is_nothing_to_do(write: Path) -> None:
    assert "cameras" in mistakes(write, "mqtt: {host: x}\n")[0]


def test_a_key_given_twice_is_a_mistake(write: Path) -> None:
    lines = mistakes(write, "mqtt: {host: a}\nmqtt: {host: b}\n" + MINIMAL)
    assert lines == [
        "  config.yaml:1: mqtt: is given twice, again in line 2: keep one",
        "  config.yaml:1: mqtt.host: is given twice, again in line 2: keep one",
        "  config.yaml:1: mqtt: is given twice, again in line 4: keep one",
        "  config.yaml:1: mqtt.host: is given twice, again in line 4: keep one",
    ]


@pytest.mark.parametrize("text", ["mqtt: [", "- a\n- b\n", "just words", "\x00"])
def test_what_is_no_configuration_is_refused_with_the_files_name(write: Path, text: str) -> None:
    assert str(write) in mistakes(write, text)[0]


@pytest.mark.parametrize(
    ("data", "line"),
    [(MINIMAL.encode("utf-16"), 1), (MINIMAL.encode() + b"# T\xfcr\n", MINIMAL.count("\n") + 1)],
    ids=["UTF-16", "Latin-1"],
)
def test_a_file_in_another_encoding_is_told_what_to_do(write: Path, data: bytes, line: int) -> None:
    write.write_bytes(data)
    with pytest.raises(ConfigError, match=f"line {line} is no text in UTF-8: save the file as"):
        load(write, {})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "{}\n"])
def test_an_empty_file_is_called_empty(write: Path, text: str) -> None:
    (line,) = mistakes(write, text)
    assert line.startswith(f"configuration {write}: the file is empty: copy config/config.example")


def test_an_empty_file_is_no_mistake_where_the_environment_has_it_all(write: Path) -> None:
    write.write_text("")
    assert load(write, {"SURVEILLANCE_CAMERAS__YARD__SOURCE": "demo:"}).config.cameras


def test_without_any_configuration_the_places_and_what_to_do_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as told:
        load(find_file(None, {}), {"SURVEILLANCE_MQTT__HOST": "broker"})
    words = str(told.value)
    assert f"there is no {tmp_path}/config.yaml, /etc/surveillance-agent/config.yaml" in words
    assert "$SURVEILLANCE_CONFIG names no file, no SURVEILLANCE_CAMERAS__" in words
    assert "copy config/config.example.yaml to config.yaml" in words
    assert "`script/run`" in words


@pytest.mark.parametrize("cameras", ["", "[]", "{}", "[{name: yard, source: 'demo:'}]", "yard"])
def test_cameras_written_another_way_are_told_how_they_are_written(
    write: Path, cameras: str
) -> None:
    (line,) = mistakes(write, f"cameras: {cameras}\n")
    assert line.startswith("  config.yaml:1: cameras: needs cameras by their ids")
    assert line.endswith("; write `front_door: {source: …}` below it")
    (line,) = mistakes(write, "mqtt: {host: x}\n")
    assert "cameras: is required and missing; write `front_door: {source: …}` below it" in line


@pytest.mark.parametrize("camera", ["", "'demo:'", "[source]"])
def test_a_camera_without_keys_is_told_that_it_needs_a_source(write: Path, camera: str) -> None:
    (line,) = mistakes(write, f"cameras:\n  yard: {camera}\n")
    assert "cameras.yard: needs keys" in line
    assert line.endswith("; write `source: …` below it")


@pytest.mark.parametrize("tag", ["!secret mqtt_password", "!include x.yaml", "!env_var PASSWORD"])
def test_tags_of_other_programs_are_answered_with_what_there_is_here(write: Path, tag: str) -> None:
    (line,) = mistakes(write, f"mqtt:\n  password: {tag}\n")
    assert ", line 2, column 13: " in line
    assert "!secret is not known here; use mqtt.password_file or an environment variable" in line


def test_a_giant_file_is_refused_unread(write: Path) -> None:
    write.write_text("#" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than"):
        load(write, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 5000, "not valid YAML"),
        ("{a: " * 3000, "not valid YAML"),
        ("agent: &a {id: *a}\n", "nested too deeply"),
        ("a: " + "[" * 30 + "]" * 30, "nested too deeply"),
        ("beep: {volume: " + "9" * 5000 + "}\n", "not valid YAML"),
        ("beep: {volume: 0x" + "f" * 5000 + "}\n", "volume: .*a very large number"),
        ("agent: {name: 2001-13-45}\n", "not valid YAML"),
        ("agent: {name: !!bool x}\n", "not valid YAML"),
        ("agent: {name: !!int ''}\n", "not valid YAML"),
        ("agent: {name: !!timestamp x}\n", "not valid YAML"),
        ('agent: {state_dir: "a\\0b"}\n', "a NUL character"),
        ('beep: {sound: "/\\ud800"}\n', "line 1: half a character"),
        ('beep:\n  "\\udfff": 1\n', "line 2: half a character"),
        (f"store: {{path: /x, spool: {{max_size: '{'9' * 400} TiB'}}}}\n", "is no size"),
    ],
)
def test_a_file_made_to_break_the_reader_is_one_mistake_more(
    write: Path, text: str, expected: str
) -> None:
    write.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        load(write, {})


@pytest.mark.parametrize("key", ["<<", "x"])
def test_a_few_lines_of_aliases_do_not_unfold_to_millions_of_values(write: Path, key: str) -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{? {key} : [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 18)]
    write.write_text("\n".join(lines))

    with pytest.raises(ConfigError, match="too many values"):
        load(write, {})


@pytest.mark.parametrize("given", ["1234567", "[hunter2]", "{a: hunter2}", "2001-01-01"])
def test_a_wrong_password_is_not_repeated_in_the_message(write: Path, given: str) -> None:
    (line,) = mistakes(write, MINIMAL.replace("{host: 127.0.0.1}", f"{{password: {given}}}"))

    assert "mqtt.password" in line
    assert "quotes" in line
    assert not {"1234567", "hunter2", "2001"} & set(line.replace("'", " ").split())


@pytest.mark.parametrize("password", ["0123", "a: b", "*x", "true", ""])
def test_a_password_in_the_environment_is_taken_as_it_is(password: str) -> None:
    environ = {
        "SURVEILLANCE_MQTT__PASSWORD": password,
        "SURVEILLANCE_CAMERAS__YARD__SOURCE": "hk://10.0.0.9",
    }
    assert password_of(load(None, environ).config.mqtt) == password


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        find_file(str(tmp_path / "absent.yaml"), {})
    with pytest.raises(ConfigError, match="no such file"):
        find_file(None, {"SURVEILLANCE_CONFIG": str(tmp_path / "absent.yaml")})


def test_the_example_is_good_also_with_the_lines_for_a_broker_with_users(write: Path) -> None:
    write.write_text(re.sub(r"# (username:|password_file:)", r"\1", EXAMPLE.read_text()))
    config = load(write, {}).config
    assert config.mqtt.username == config.agent.id  # as deploy/setup-broker names the agent
    assert config.mqtt.password_file == Path("/run/secrets/mqtt_password")


def test_a_folder_we_may_not_look_into_is_a_mistake_that_says_who_we_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Shut(type(Path())):  # type: ignore[misc]  # the path's class is chosen at run time
        def is_file(self, **_: object) -> bool:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr("agent.config.loader.DEFAULT_PLACES", (Shut("/shut/config.yaml"),))
    with pytest.raises(ConfigError, match=r"/shut/config.yaml: .*user id \d+; chown"):
        find_file(None, {})


def test_the_option_wins_over_the_environment(write: Path) -> None:
    write.write_text(MINIMAL)
    assert find_file(str(write), {"SURVEILLANCE_CONFIG": "/absent"}) == write


def test_without_any_file_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_file(None, {}) is None


def test_settings_named_in_the_file_are_known_as_such(write: Path) -> None:
    write.write_text(MINIMAL.replace('1.2"', '1.2", detection: {pixel_threshold: 40}'))
    assert load(write, {}).named_settings("front_door") == {"pixel_threshold"}


def test_the_password_comes_from_its_file_without_the_line_end(write: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    write.write_text(MINIMAL)
    loaded = load(write, {"SURVEILLANCE_MQTT__PASSWORD_FILE": str(secret)})
    assert password_of(loaded.config.mqtt) == "s3cret"
    secret.unlink()
    with pytest.raises(ConfigError, match="password_file"):
        password_of(loaded.config.mqtt)


def test_no_password_is_none_and_a_given_one_is_used(write: Path) -> None:
    write.write_text(MINIMAL)
    assert password_of(load(write, {}).config.mqtt) is None
    assert password_of(load(write, {"SURVEILLANCE_MQTT__PASSWORD": "x"}).config.mqtt) == "x"


@pytest.mark.parametrize(
    ("host", "slugged"),
    [("raspberrypi", "raspberrypi"), ("Pi-4.local", "pi_4_local"), ("--", "agent")],
)
def test_a_host_name_becomes_an_id(host: str, slugged: str) -> None:
    assert slug(host) == slugged


def test_the_configured_id_is_used(write: Path) -> None:
    write.write_text("agent: {id: attic}\n" + MINIMAL)
    assert agent_id_of(load(write, {}).config) == "attic"


def test_the_state_folder_is_made_and_an_impossible_one_is_named(tmp_path: Path) -> None:
    wanted = tmp_path / "deep" / "state"
    environ = {
        "SURVEILLANCE_AGENT__STATE_DIR": str(wanted),
        "SURVEILLANCE_CAMERAS__YARD__SOURCE": "hk://10.0.0.9",
    }
    assert state_dir_of(load(None, environ).config) == wanted
    assert wanted.is_dir()
    (tmp_path / "file").write_text("")
    environ["SURVEILLANCE_AGENT__STATE_DIR"] = str(tmp_path / "file" / "below")
    with pytest.raises(ConfigError, match=r"agent\.state_dir: .*file/below"):
        state_dir_of(load(None, environ).config)


def test_a_token_is_never_shown_and_taken_from_the_environment_as_it_is(write: Path) -> None:
    text = MINIMAL + "reoffer: {token: 123456789012345}\n"
    assert "123456789012345" not in "\n".join(mistakes(write, text))
    write.write_text(MINIMAL + "reoffer: {bind: 127.0.0.1}\n")
    loaded = load(write, {"SURVEILLANCE_REOFFER__TOKEN": "123456789012345: x"})
    assert loaded.config.reoffer is not None
    assert loaded.config.reoffer.token is not None
    assert loaded.config.reoffer.token.get_secret_value() == "123456789012345: x"


def test_a_source_in_the_environment_is_taken_as_it_is() -> None:
    environ = {"SURVEILLANCE_CAMERAS__A__SOURCE": "demo:", "SURVEILLANCE_CAMERAS__A__NAME": "007"}
    camera = load(None, environ).config.cameras["a"]
    assert (camera.source, camera.name) == ("demo:", "007")


def test_what_is_text_is_taken_from_the_environment_as_it_is() -> None:
    environ = {
        "SURVEILLANCE_AGENT__ID": "12",
        "SURVEILLANCE_AGENT__NAME": "on",
        "SURVEILLANCE_MQTT__PROTOCOL": "5",
        "SURVEILLANCE_MQTT__CLIENT_ID": "0123",
        "SURVEILLANCE_HOME_ASSISTANT__PREFIX": "1e3",
        "SURVEILLANCE_STORE__PATH": "2026",
        "SURVEILLANCE_BEEP__PLAY_FROM": "[nas.local]",
        "SURVEILLANCE_CAMERAS__YARD__SOURCE": "demo:",
        "SURVEILLANCE_CAMERAS__YARD__AREA": "1",
        "SURVEILLANCE_CAMERAS__YARD__ARMED": "off",
    }
    config = load(None, environ).config
    assert (config.agent.id, config.agent.name, config.mqtt.protocol) == ("12", "on", "5")
    assert (config.mqtt.client_id, config.home_assistant.prefix) == ("0123", "1e3")
    assert config.store is not None
    assert config.store.path == Path("2026")
    assert config.beep.play_from == ("nas.local",)
    assert (config.cameras["yard"].area, config.cameras["yard"].armed) == ("1", False)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_around_a_text_in_the_environment_are_none_of_it(quote: str) -> None:
    environ = {
        "SURVEILLANCE_STORE__PATH": f"{quote}/srv/events{quote}",
        "SURVEILLANCE_MQTT__PASSWORD": f"{quote}secret{quote}",
        "SURVEILLANCE_CAMERAS__YARD__SOURCE": "demo:",
    }
    config = load(None, environ).config
    assert config.store is not None
    assert config.store.path == Path("/srv/events")
    assert password_of(config.mqtt) == f"{quote}secret{quote}"


def test_a_variable_with_one_underscore_is_answered_with_two(write: Path) -> None:
    write.write_text(MINIMAL)
    with pytest.raises(ConfigError, match=r"MQTT_PORT: mqtt_port: .*: SURVEILLANCE_MQTT__HOST"):
        load(write, {"SURVEILLANCE_MQTT_PORT": "1884"})
    with pytest.raises(ConfigError) as raised:
        load(write, {"SURVEILLANCE_MQTT__PRT": "1884"})
    assert "underscores" not in str(raised.value)


def test_an_empty_variable_gives_its_key_the_default(write: Path) -> None:
    write.write_text(MINIMAL.replace("127.0.0.1}", "127.0.0.1, port: 1884, keepalive: 10}"))
    environ = {"SURVEILLANCE_MQTT__PORT": "", "SURVEILLANCE_MQTT__TLS": ""}
    mqtt = load(write, environ).config.mqtt
    assert (mqtt.port, mqtt.keepalive, mqtt.tls) == (1883, 10, None)


def test_an_empty_variable_makes_no_block_that_turns_something_on(write: Path) -> None:
    write.write_text(MINIMAL)
    keys = ("MQTT__TLS__CA", "PAGE__PORT", "STORE__SPOOL__PATH", "CAMERAS__NEW__SOURCE")
    found = load(write, {f"SURVEILLANCE_{key}": "" for key in keys}).config
    assert found == load(write, {}).config


@pytest.mark.parametrize("variable", ["CAMERAS__YARD__SOURCE", "CAMERAS", "cameras__yard__source"])
def test_cameras_in_the_environment_are_a_configuration_and_no_demo(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    value = "demo:" if "SOURCE" in variable.upper() else "{yard: {source: 'demo:'}}"
    environ = {f"SURVEILLANCE_{variable}": value}
    assert is_configured(None, environ)
    assert list(load(None, environ).config.cameras) == ["yard"]
    assert not is_configured(None, {"SURVEILLANCE_CAMERASX": value, "CAMERAS": value})


def test_a_protocol_without_quotes_is_the_one_of_that_name(write: Path) -> None:
    write.write_text(MINIMAL.replace("{host: 127.0.0.1}", "{protocol: 5}"))
    assert load(write, {}).config.mqtt.protocol == "5"


def test_the_mark_of_a_windows_editor_is_no_part_of_a_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xef\xbb\xbfa long secret text\r\n")
    mqtt = MqttConfig(username="pi", password_file=secret)
    assert password_of(mqtt) == "a long secret text"
    assert token_of(PageConfig(token_file=secret), "page") == "a long secret text"


def test_a_file_without_a_password_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xef\xbb\xbf\r\n")
    with pytest.raises(ConfigError, match=r"mqtt\.password_file .*: the file is empty"):
        password_of(MqttConfig(username="pi", password_file=secret))


@pytest.mark.parametrize("name", ["''", "'  '", '"a\\nb"', '"a\\tb"'])
def test_a_name_that_nobody_can_read_is_refused(write: Path, name: str) -> None:
    lines = mistakes(write, MINIMAL + f"  yard:\n    source: 'demo:'\n    name: {name}\n")
    assert len(lines) == 1
    assert "cameras.yard.name: " in lines[0]


def test_any_name_that_can_be_read_is_taken() -> None:
    for name in ("🏠 Haustür / Ost", "👨‍👩‍👧 & 'uns'", "a\u00a0b", " Tor "):
        assert CameraConfig(source="demo:", name=name).name == name.strip()


@pytest.mark.parametrize("size", ["50", "1048575", "'50'"])
def test_a_size_without_its_unit_is_asked_back(write: Path, size: str) -> None:
    (line,) = mistakes(write, MINIMAL.replace("imagestore}", f"imagestore, max_size: {size}}}"))
    assert "so many bytes: write a unit, such as" in line


@pytest.mark.parametrize(
    "host", ["mqtt://192.168.1.3", "192.168.1.3:1883", "", " ", "[::1]:1883", "[]"]
)
def test_a_broker_given_as_anything_but_a_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match=r"mqtt\.port"):
        MqttConfig(host=host)


@pytest.mark.parametrize("host", ["broker.lan", "192.168.1.3", "fd00::3", "::1"])
def test_a_brokers_name_and_both_kinds_of_address_are_taken(host: str) -> None:
    assert MqttConfig(host=host).host == host


def test_an_address_in_brackets_is_taken_without_them() -> None:
    assert MqttConfig(host="[fd00::3]").host == "fd00::3"


def test_a_variable_fills_a_block_that_the_file_leaves_empty(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mqtt:\ncameras:\n  yard:\n")
    environ = {"SURVEILLANCE_MQTT__HOST": "h", "SURVEILLANCE_CAMERAS__YARD__SOURCE": "demo:"}
    config = load(path, environ).config
    assert (config.mqtt.host, config.cameras["yard"].source) == ("h", "demo:")
