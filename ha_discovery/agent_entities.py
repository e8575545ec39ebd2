"""The entities of the agent itself."""

from __future__ import annotations

from ha_discovery.camera_entities import HEALTH_WORDS
from ha_discovery.components import CONFIG, DIAGNOSTIC, Component, Maker
from schemas.topics import AgentTopics

#: `agent.core.messages.StoreCode`; a test compares them.
STORE_STATES = (
    "ok",
    "starting",
    "absent",
    "wrong_store",
    "not_adopted",
    "taken",
    "read_only",
    "full",
    "stalled",
    "failing",
    "not_configured",
)
#: `agent.core.messages.AudioState.code`, and `starting` before the first of them.
SPEAKER_STATES = (
    "ok",
    "starting",
    "disabled",
    "no_device",
    "no_library",
    "stalled",
    "failed",
)

#: key -> name, field of health, icon, enabled by default.
_COUNTERS: dict[str, tuple[str, str, str, bool]] = {
    "lost_events": ("Lost clips", "storage.lost_events", "mdi:movie-remove", True),
    "lost_records": ("Lost recorded parts", "storage.lost_records", "mdi:image-remove", False),
    "journal_lost": ("Lost messages", "mqtt.journal_lost", "mdi:email-remove", True),
    "beeps": ("Beeps", "audio.beeps", "mdi:bell", False),
    "broker_reconnects": ("Broker reconnects", "mqtt.reconnects", "mdi:lan-disconnect", False),
    "dropped_messages": ("Dropped messages", "mqtt.dropped", "mdi:email-alert", False),
    "commands_refused": ("Refused commands", "commands_refused", "mdi:cancel", False),
}


def agent_components(make: Maker, topics: AgentTopics) -> list[Component]:
    """Everything that Home Assistant shows of the agent."""
    health = topics.health
    return [
        beep(make, topics),
        beep_enabled(make, topics),
        restart(make, topics),
        status(make, topics),
        make.problem(health),
        last_error(make, topics),
        started(make, topics),
        broker(make, topics),
        *storage(make, topics),
        *storage_room(make, topics),
        speaker(make, topics),
        *host(make, topics),
        make.measurement(
            "journal_waiting",
            "Messages waiting",
            health,
            "mqtt.journal_waiting",
            en=False,
            ic="mdi:email-fast",
        ),
        *(counter(make, topics, key) for key in _COUNTERS),
    ]


def beep(make: Maker, topics: AgentTopics) -> Component:
    """Plays the sound once."""
    return make.entity("button", "beep", "Beep", ic="mdi:bullhorn", cmd_t=topics.beep_play)


def beep_enabled(make: Maker, topics: AgentTopics) -> Component:
    """May the speaker sound at all."""
    return make.entity(
        "switch",
        "beep_enabled",
        "Beep enabled",
        ent_cat=CONFIG,
        ic="mdi:bell-ring",
        stat_t=topics.setting_state("beep_enabled"),
        cmd_t=topics.setting_set("beep_enabled"),
    )


def restart(make: Maker, topics: AgentTopics) -> Component:
    """Ends the process in good order; its supervisor starts it again."""
    return make.entity("button", "restart", ent_cat=CONFIG, dev_cla="restart", cmd_t=topics.restart)


def status(make: Maker, topics: AgentTopics) -> Component:
    """The agent's health in one word."""
    return make.choice(
        "status", "Status", topics.health, "status", HEALTH_WORDS, ic="mdi:heart-pulse"
    )


def last_error(make: Maker, topics: AgentTopics) -> Component:
    """The last thing that went wrong; `ok` once it is over."""
    return make.value(
        "last_error",
        "Last error",
        topics.error,
        "code",
        ic="mdi:alert-circle-outline",
        json_attr_t=topics.error,
    )


def started(make: Maker, topics: AgentTopics) -> Component:
    """When the agent started: a moment instead of an uptime, which would change all the time."""
    return make.value("started", "Started", topics.health, "started_at", dev_cla="timestamp")


def broker(make: Maker, topics: AgentTopics) -> Component:
    """What last ended the connection to the broker; attributes say why, and when."""
    trouble = (
        "{'reason': value_json.mqtt.last_trouble_reason, 'at': value_json.mqtt.last_trouble_at}"
    )
    return make.entity(
        "sensor",
        "broker_trouble",
        "Last broker trouble",
        ent_cat=DIAGNOSTIC,
        en=False,
        ic="mdi:lan-disconnect",
        stat_t=topics.health,
        val_tpl="{{ value_json.mqtt.last_trouble or 'ok' }}",
        json_attr_t=topics.health,
        json_attr_tpl=f"{{{{ {trouble} | tojson }}}}",
    )


def storage(make: Maker, topics: AgentTopics) -> list[Component]:
    """The image store and the spool in front of it."""
    health = topics.health
    why = "{{ {'reason': value_json.storage.reason} | tojson }}"
    return [
        make.choice(
            "storage_state",
            "Storage",
            health,
            "storage.state",
            STORE_STATES,
            ic="mdi:harddisk",
            json_attr_t=health,
            json_attr_tpl=why,
        ),
        make.measurement(
            "spool",
            "Spool",
            health,
            "storage.spool_kib",
            ic="mdi:tray-full",
            dev_cla="data_size",
            unit_of_meas="KiB",
            sug_dsp_prc=0,
        ),
    ]


def storage_room(make: Maker, topics: AgentTopics) -> list[Component]:
    """How much the image store holds, and for how long that will do."""
    health = topics.health
    return [
        make.measurement(
            "storage_free",
            "Storage free",
            health,
            "storage.free_mib",
            dev_cla="data_size",
            unit_of_meas="MiB",
            sug_dsp_prc=0,
        ),
        make.measurement(
            "storage_used",
            "Storage used",
            health,
            "storage.used_pct",
            en=False,
            ic="mdi:chart-donut",
            unit_of_meas="%",
            sug_dsp_prc=1,
        ),
        make.measurement(
            "storage_days_left",
            "Storage days left",
            health,
            "storage.days_left",
            dev_cla="duration",
            unit_of_meas="d",
            ic="mdi:calendar-clock",
            sug_dsp_prc=1,
        ),
    ]


def speaker(make: Maker, topics: AgentTopics) -> Component:
    """Can it sound, and if not, why."""
    return make.choice(
        "speaker",
        "Speaker",
        topics.health,
        "audio.state",
        SPEAKER_STATES,
        ic="mdi:volume-high",
        json_attr_t=topics.health,
        json_attr_tpl="{{ {'reason': value_json.audio.reason} | tojson }}",
    )


def host(make: Maker, topics: AgentTopics) -> list[Component]:
    """The machine; other integrations know it better, so not enabled by default."""
    health = topics.health
    return [
        make.measurement(
            "cpu_temp",
            None,
            health,
            "cpu_temp_c",
            en=False,
            dev_cla="temperature",
            unit_of_meas="°C",
            sug_dsp_prc=0,
        ),
        make.measurement(
            "memory",
            "Memory",
            health,
            "memory_mib",
            en=False,
            dev_cla="data_size",
            unit_of_meas="MiB",
            sug_dsp_prc=0,
        ),
        make.measurement("load", "Load", health, "load1", en=False, ic="mdi:gauge", sug_dsp_prc=1),
        make.entity(
            "binary_sensor",
            "clock_synchronised",
            "Clock synchronised",
            ent_cat=DIAGNOSTIC,
            en=False,
            ic="mdi:clock-check",
            stat_t=health,
            val_tpl="{{ 'ON' if value_json.clock_synchronised else 'OFF' }}",
        ),
    ]


def counter(make: Maker, topics: AgentTopics, key: str) -> Component:
    """A count of health."""
    name, field_path, icon, enabled = _COUNTERS[key]
    shown = {} if enabled else {"en": False}
    return make.counter(key, name, topics.health, field_path, ic=icon, **shown)
