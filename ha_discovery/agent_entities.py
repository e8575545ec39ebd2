"""The entities of the agent itself."""

from __future__ import annotations

from ha_discovery.components import CONFIG, DIAGNOSTIC, OFF, Component, Maker, fields
from ha_discovery.mode_entities import agent_modes
from ha_discovery.self_test_entities import self_test_components
from schemas.topics import AgentTopics

#: `agent.core.messages.StoreCode`; a test compares them.
STORE_STATES = {
    "ok": "OK",
    "starting": "Starting",
    "absent": "Not there",
    "wrong_store": "Another store",
    "not_adopted": "Not adopted",
    "taken": "Taken by another agent",
    "read_only": "Read-only",
    "full": "Full",
    "stalled": "Does not answer",
    "failing": "Failing",
    "not_configured": "Not configured",
}
#: `agent.core.messages.AudioState.code`, and `starting` before the first of them.
SPEAKER_STATES = {
    "ok": "OK",
    "starting": "Starting",
    "disabled": "Switched off",
    "no_device": "No device",
    "no_library": "No library",
    "stalled": "Does not answer",
    "failed": "Failed",
}

#: key, name, field of health, icon, unit.
_COUNTERS = (
    ("lost_events", "Lost clips", "storage.lost_events", "mdi:movie-remove", "clips"),
    ("lost_records", "Lost recorded parts", "storage.lost_records", "mdi:image-remove", "parts"),
    ("journal_lost", "Lost messages", "mqtt.journal_lost", "mdi:email-remove", "messages"),
    ("beeps", "Beeps", "audio.beeps", "mdi:bell", "times"),
    ("broker_reconnects", "Broker reconnects", "mqtt.reconnects", "mdi:lan-disconnect", "times"),
    ("dropped_messages", "Dropped messages", "mqtt.dropped", "mdi:email-alert", "messages"),
    ("commands_refused", "Refused commands", "commands_refused", "mdi:cancel", "commands"),
)


def agent_components(make: Maker, topics: AgentTopics, *, beeps: bool = True) -> list[Component]:
    """Everything that Home Assistant shows of the agent; `beeps`: there is a speaker."""
    waiting = {"ic": "mdi:email-fast", **OFF}
    return [
        *_controls(make, topics, beeps=beeps),
        *agent_modes(make, topics),
        *make.health_words(),
        *_troubles(make, topics),
        *_storage(make),
        *self_test_components(make, topics),
        _speaker(make),
        *_host(make),
        make.measurement("journal_waiting", "Messages waiting", "mqtt.journal_waiting", **waiting),
        *(make.counter(*row) for row in _COUNTERS),
    ]


def _controls(make: Maker, topics: AgentTopics, *, beeps: bool) -> list[Component]:
    spare = {} if beeps else OFF
    state, command = topics.setting_state("beep_enabled"), topics.setting_set("beep_enabled")
    enabled = {"ent_cat": CONFIG, "ic": "mdi:volume-high", "stat_t": state, "cmd_t": command}
    restart = {"ent_cat": CONFIG, "dev_cla": "restart", "cmd_t": topics.restart}
    return [
        make.entity("button", "beep", "Beep", ic="mdi:bullhorn", cmd_t=topics.beep_play, **spare),
        make.entity("switch", "beep_enabled", "Speaker", **enabled, **spare),
        make.entity("button", "restart", **restart),
    ]


def _troubles(make: Maker, topics: AgentTopics) -> list[Component]:
    """The last thing that went wrong, `OK` once it is over; what last ended the connection."""
    error = {"stat_t": topics.error, "ic": "mdi:alert-circle-outline", "json_attr_t": topics.error}
    error |= {"json_attr_tpl": fields("code", "source")}
    words = "value_json.message[:255] or value_json.code"
    error |= {"val_tpl": f"{{{{ 'OK' if value_json.code == 'ok' else {words} }}}}"}
    started = {"dev_cla": "timestamp", **OFF}
    mqtt = "value_json.mqtt.last_trouble"
    broker = {"ent_cat": DIAGNOSTIC, "ic": "mdi:lan-disconnect", **OFF}
    broker |= {"stat_t": make.health, "val_tpl": f"{{{{ {mqtt} or 'OK' }}}}"}
    broker |= make.attributes(reason=f"{mqtt}_reason", at=f"{mqtt}_at")
    return [
        make.value("last_error", "Last error", "code", **error),
        # a moment instead of an uptime, which would change all the time
        make.value("started", "Started", "started_at", **started),
        make.entity("sensor", "broker_trouble", "Last broker trouble", **broker),
    ]


def _storage(make: Maker) -> list[Component]:
    """The image store, the spool in front of it, and for how long the space will last.

    Free space changes each minute and is disabled; days are whole ones.
    """
    why = make.attributes(reason="value_json.storage.reason")
    spool = {"ic": "mdi:tray-full", "dev_cla": "data_size", "unit_of_meas": "KiB", "sug_dsp_prc": 0}
    spool |= OFF
    free = {"dev_cla": "data_size", "unit_of_meas": "MiB", "sug_dsp_prc": 0, **OFF}
    used = {"ic": "mdi:chart-donut", "unit_of_meas": "%", "sug_dsp_prc": 1, **OFF}
    left = {"dev_cla": "duration", "unit_of_meas": "d", "ic": "mdi:calendar-clock"}
    days = "storage.days_left"
    return [
        make.choice(
            "storage_state", "Storage", "storage.state", STORE_STATES, "mdi:harddisk", **why
        ),
        make.measurement("spool", "Spool", "storage.spool_kib", **spool),
        make.measurement("storage_free", "Storage free", "storage.free_mib", **free),
        make.measurement("storage_used", "Storage used", "storage.used_pct", **used),
        make.value("storage_days_left", "Storage days left", days, **left),
    ]


def _speaker(make: Maker) -> Component:
    """Can it sound, and if not, why."""
    why = make.attributes(reason="value_json.audio.reason")
    icon, path = "mdi:volume-high", "audio.state"
    return make.choice("speaker", "Speaker state", path, SPEAKER_STATES, icon, **why, **OFF)


def _host(make: Maker) -> list[Component]:
    """The machine; other integrations know it better, so not enabled by default."""
    heat = {"dev_cla": "temperature", "unit_of_meas": "°C", "sug_dsp_prc": 0}
    memory = {"dev_cla": "data_size", "unit_of_meas": "MiB", "sug_dsp_prc": 0}
    load = {"ic": "mdi:gauge", "sug_dsp_prc": 1}
    clock, synchronised = "clock_synchronised", "value_json.clock_synchronised"
    return [
        make.measurement("cpu_temp", None, "cpu_temp_c", **heat, **OFF),
        make.measurement("memory", "Memory", "memory_mib", **memory, **OFF),
        make.measurement("load", "Load", "load1", **load, **OFF),
        make.flag(clock, "Clock synchronised", synchronised, ic="mdi:clock-check", **OFF),
    ]
