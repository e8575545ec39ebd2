"""Builds the parts of the agent out of the configuration, and the mailboxes between them.

Every mailbox of the agent is made here; `Parts.boxes` and `CameraParts.boxes` are the table that
health shows.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.audio.beeper import BeeperWorker
from agent.audio.options import BeepOptions, tones_box
from agent.classify.questions import Asked, asked_box
from agent.classify.worker import ClassifierWorker, ClassifyOptions
from agent.config.loader import page_password_of, password_of, token_of
from agent.core.errors import ConfigError
from agent.core.messages import FrameScored, Parsed, Received, Shown
from agent.core.orders import MarkEvent, SpeakerOrder, VisionSettings
from agent.core.state_messages import farewell, retained_topics
from agent.mqtt.client import MqttWorker
from agent.mqtt.command_topics import command_filters, slip_filters
from agent.mqtt.journal import JOURNAL, Journal
from agent.mqtt.live_gate import LiveGate
from agent.mqtt.options import MqttOptions
from agent.mqtt.outbox import Outbox
from agent.page.bridge import AimOrder, Bridge, Inbound
from agent.page.wiring import build_page
from agent.proposals.worker import ProposalWorker, task_box
from agent.runtime import host
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.runtime.extras import how_to_get
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.memory import Memory, memory_limit
from agent.runtime.umask import umask_of
from agent.self_test.worker import SelfTestWorker
from agent.service.camera_sessions import ToEngine
from agent.service.camera_wiring import (
    ORDERS,
    Body,
    CameraParts,
    Ears,
    build_camera,
    live_ready,
)
from agent.service.discovery_messages import announced
from agent.service.hidden_parts import pictures_of_before
from agent.service.self_test_wiring import build_self_test
from agent.service.startup import model_name
from agent.storage.spool.place import memory_spool
from agent.storage.spool.spool import Spool
from agent.storage.store.anchor_keeper import signing_key
from agent.storage.store.options import StoreOptions
from agent.storage.store.worker import StoreWorker
from agent.verdicts.worker import VerdictBoxes, VerdictWorker
from schemas.config import Config
from schemas.messages import Publish
from schemas.topics import AgentTopics

#: Where the journal keeps facts that no other place has.
OWN_NOTE = "client"

if TYPE_CHECKING:
    from agent.page.server import PageWorker
    from agent.reoffer.server import ReofferWorker  # aiohttp is an extra


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that runs at the start; `boxes` are those that belong to no camera."""

    cameras: tuple[CameraParts, ...]
    spool: Spool | None
    store: StoreWorker | None
    store_orders: Mailbox[MarkEvent]
    mqtt: MqttWorker
    outbox: Outbox
    beeper: BeeperWorker
    tones: Mailbox[SpeakerOrder]
    discovery: tuple[Publish, ...]
    reoffer: ReofferWorker | None
    classifier: ClassifierWorker | None
    asked: Mailbox[Asked] | None
    page: PageWorker | None
    bridge: Bridge | None
    verdicts: VerdictWorker
    verdict_boxes: VerdictBoxes
    ears: Ears
    proposals: ProposalWorker | None
    self_test: SelfTestWorker
    memory: Memory
    boxes: tuple[Mailbox[Any], ...]

    def bodies(self) -> dict[str, Body]:
        """The threads to run, by name."""
        bodies: dict[str, Body] = {}
        for camera in self.cameras:
            bodies |= camera.bodies()
        if self.store is not None:
            bodies["store"] = self.store.run
        bodies["mqtt"] = self.mqtt.run
        bodies["verdicts"] = self.verdicts.run
        bodies["self_test"] = self.self_test.run
        if self.proposals is not None:
            bodies["proposals"] = self.proposals.run
        bodies["beeper"] = self.beeper.run
        if self.reoffer is not None:
            bodies["reoffer"] = self.reoffer.run
        if self.classifier is not None:
            bodies["classify"] = self.classifier.run
        if self.page is not None:
            bodies["page"] = self.page.run
        return bodies


def build_parts(
    config: Config,
    topics: AgentTopics,
    state_dir: Path,
    journal: Journal,
    settings: Mapping[str, VisionSettings],
    inbox: Mailbox[Inbound],
    clock: Clock,
) -> Parts:
    """Makes every part; nothing runs yet.

    Raises:
        ConfigError: a source, mask or sound that cannot be used.
    """
    to_engine = leaving_room(inbox)
    spool = _spool(config, topics, state_dir)
    store_orders: Mailbox[MarkEvent] = Mailbox("store_orders", ORDERS, WhenFull.REFUSE)
    memory = Memory(config.agent.memory_max or memory_limit())
    asked = asked_box() if config.classify else None
    verdicts = VerdictBoxes()
    bridge = None if config.page is None else Bridge(to_engine, clock, verdicts.questions)
    outbox, live = Outbox(), LiveGate(clock)
    ears = Ears(asked, bridge, verdicts, live_ready(config, topics, live.takes))
    cameras = _cameras(config, settings, spool, to_engine, clock, memory, ears)
    tones = tones_box()
    speaks = _mqtt_options(config, topics, _own_id(topics, journal))
    tasks = None if config.store is None else task_box()
    store = _store(config, topics, spool, state_dir, to_engine, store_orders, clock)
    tested = build_self_test(config, topics, state_dir, spool, store, to_engine, clock)
    own = (inbox, tones, store_orders, verdicts.scores, verdicts.questions, tested.box)
    optional = (asked, tasks, *((bridge.scores, bridge.answers) if bridge else ()))
    return Parts(
        cameras=cameras,
        spool=spool,
        store=store,
        store_orders=store_orders,
        mqtt=MqttWorker(speaks, outbox, journal, to_engine, clock, live),
        outbox=outbox,
        beeper=BeeperWorker(_beep_options(config), tones, to_engine, clock),
        tones=tones,
        discovery=tuple(announced(config, topics)),
        reoffer=_reoffer(config, cameras),
        classifier=_classifier(config, asked, to_engine, clock),
        asked=asked,
        page=_page(config, topics, state_dir, bridge, clock),
        bridge=bridge,
        verdicts=VerdictWorker(state_dir, verdicts, to_engine, clock),
        verdict_boxes=verdicts,
        ears=ears,
        proposals=None if tasks is None else ProposalWorker(state_dir, tasks, to_engine, clock),
        self_test=tested,
        memory=memory,
        boxes=(*own, *(box for box in optional if box is not None)),
    )


def _cameras(
    config: Config,
    settings: Mapping[str, VisionSettings],
    spool: Spool | None,
    to_engine: ToEngine,
    clock: Clock,
    memory: Memory,
    ears: Ears,
) -> tuple[CameraParts, ...]:
    return tuple(
        build_camera(n, config, settings[n], spool, to_engine, clock, memory.share(clock), ears)
        for n in config.cameras
    )


def leaving_room(inbox: Mailbox[Inbound]) -> Callable[[Inbound], bool]:
    """Where messages go: a flood of some must not push out what cameras have to say.

    Orders of broker and page, and scores, of which an old one is worth nothing, get half of the
    inbox.
    """

    def put(message: Inbound) -> bool:
        """False: full, or no places left for such a message."""
        outside = isinstance(message, Received | Parsed | AimOrder | FrameScored)
        size = len(message.payload) if isinstance(message, Received) else 0
        return inbox.put(message, size, spare=inbox.capacity // 2 if outside else 0)

    return put


def views_of(cameras: Iterable[CameraParts]) -> dict[str, Newest[Shown]]:
    """What the re-offer shows."""
    return {c.camera_id: c.viewers for c in cameras if c.viewers is not None}


def _reoffer(config: Config, cameras: Iterable[CameraParts]) -> ReofferWorker | None:
    if config.reoffer is None:
        return None
    try:
        from agent.reoffer.server import ReofferOptions, ReofferWorker
    except ImportError:
        raise ConfigError(f"reoffer: needs aiohttp: {how_to_get('reoffer')}") from None
    options = ReofferOptions(config.reoffer.bind, config.reoffer.port, token_of(config.reoffer))
    return ReofferWorker(options, views_of(cameras))


def _classifier(
    config: Config, asked: Mailbox[Asked] | None, to_engine: ToEngine, clock: Clock
) -> ClassifierWorker | None:
    if config.classify is None or asked is None:
        return None
    named = config.classify
    options = ClassifyOptions(named.model, named.labels, named.min_score)
    return ClassifierWorker(options, asked, to_engine, clock)


def _page(
    config: Config, topics: AgentTopics, state_dir: Path, bridge: Bridge | None, clock: Clock
) -> PageWorker | None:
    if bridge is None or config.page is None:
        return None
    token, password = token_of(config.page, "page"), page_password_of(config.page)
    return build_page(config, topics, state_dir, bridge, clock, token, password)


def _spool(config: Config, topics: AgentTopics, state_dir: Path) -> Spool | None:
    if config.store is None:
        return None
    spool = config.store.spool
    if spool.path == "memory":
        return Spool(*memory_spool(topics.agent_id, spool.max_size))
    return Spool(Path(spool.path or state_dir / "spool"), spool.max_size)


def _store(
    config: Config,
    topics: AgentTopics,
    spool: Spool | None,
    state_dir: Path,
    to_engine: ToEngine,
    orders: Mailbox[MarkEvent],
    clock: Clock,
) -> StoreWorker | None:
    if config.store is None or spool is None:
        return None
    options = StoreOptions(
        path=config.store.path,
        agent=topics.agent_id,
        adopt=config.store.adopt == "auto",
        require_mount=config.store.require_mount,
        retention_days=config.store.retention_days,
        keep_free=config.store.keep_free,
        max_size=config.store.max_size,
        umask=umask_of(config.store.file_mode),
        cameras=tuple(config.cameras),
        anchor_key=signing_key(config.store.anchor_key, state_dir),
    )
    trusted = config.agent.trust_clock == "always"
    return StoreWorker(
        spool,
        options,
        state_dir,
        to_engine,
        clock,
        lambda: trusted or clock_is_synchronised(),
        orders=orders,
    )


def _mqtt_options(config: Config, topics: AgentTopics, own_id: str) -> MqttOptions:
    mqtt = config.mqtt
    return MqttOptions(
        host=mqtt.host,
        port=mqtt.port,
        client_id=mqtt.client_id or own_id,
        will=farewell(topics),
        filters=tuple(command_filters(topics)),
        slips=tuple(slip_filters(topics)),
        echo=topics.self_test_echo,
        status_topic=config.home_assistant.status_topic
        if config.home_assistant.discovery
        else None,
        devices=config.home_assistant.discovery_topics,
        username=mqtt.username,
        password=partial(password_of, config.mqtt),
        tls=mqtt.tls,
        keepalive=mqtt.keepalive,
        protocol=mqtt.protocol,
    )


def _beep_options(config: Config) -> BeepOptions:
    return BeepOptions(
        enabled=config.beep.enabled,
        sound=config.beep.sound,
        device=config.beep.device,
        volume=config.beep.volume,
        play_from=config.beep.play_from,
    )


def this_machine() -> str:
    """What tells this machine from another one with the same SD card."""
    return host.machine_id() + host.mac_address()


def open_journal(config: Config, topics: AgentTopics, state_dir: Path, clock: Clock) -> Journal:
    """The event journal, which also knows what the broker may hold of this configuration.

    Raises:
        ConfigError: another agent has it open.
    """
    journal = Journal(state_dir / JOURNAL, clock)
    named = [name for name in config.cameras if model_name(config, name)]
    images = config.mqtt.publish_images
    kept = retained_topics(topics, config.cameras, images=images, named=named)
    journal.begin_retained(kept, machine_digest(this_machine()))
    for topic in pictures_of_before(config, topics, journal):
        journal.retained.bury(topic, at_once=True)
    return journal


def machine_digest(machine: str) -> str:
    """Another one on another machine, also for a copied SD card: see `client_id`."""
    return hashlib.sha256(f"surveillance-agent {machine}".encode()).hexdigest()


def _own_id(topics: AgentTopics, journal: Journal) -> str:
    """The client id of this installation."""
    secret = "" if host.machine_id() else secret_of(journal)
    return client_id(topics, this_machine(), secret)


def secret_of(journal: Journal) -> str:
    """Random, and the same as long as the journal lives."""
    secret = journal.note(OWN_NOTE)
    if secret is None:
        secret = secrets.token_hex(16)
        journal.keep_note(OWN_NOTE, secret)
    return secret


def client_id(topics: AgentTopics, machine: str, secret: str = "") -> str:
    """`<base>-<agent>-<20 hex>`: who knows it can have the broker end our connection.

    So nobody may be able to guess it. The machine's id cannot be guessed: systemd keeps it from the
    network. A container has none, and uses `secret`. A second agent on the same machine has the
    same client id, so both learn of each other.

    It must be the same after a restart. Then our own dead connection ends when we connect, and the
    broker does not publish our last will after our `online`. A cloned SD card must not disconnect
    its twin: the network card's address is part of `machine`. The result is a hash, because systemd
    asks not to show the machine's id.
    """
    return f"{topics.base}-{topics.agent_id}-{machine_digest(machine + secret)[:20]}"
