"""What is wrong: codes for machines, each with its reason and what helps, for people. Pure."""

from __future__ import annotations

from agent.core import privacy_mode
from agent.core.messages import CameraCode, CameraState
from agent.core.problem import Kind, Problem
from agent.core.state import AgentNow, CameraNow, HostFigures
from agent.core.stats import VisionStats
from agent.core.time_allowance import Costs

#: Ends of a connection that come back until somebody changes a configuration. Home Assistant can
#: get them only while we are connected, so they stay a problem for some minutes.
HUMAN = frozenset({"taken_over", "kicked", "quota", "packet_too_large"})
LATELY = 600.0
#: Of the descriptors: with more than this part of them open, somebody has to look.
USED_UP = 0.8

#: What helps, where the owner's own reason does not say it.
#: docs/how-to/troubleshooting.md has more.
#: Of a camera that is what helps the UDP family; the sessions of the others say it themselves.
HELP = {
    "camera_connecting": "wait; where it comes and goes, look for loss on the way",
    "camera_unreachable": "is it on, and in the same network? ping its address",
    "camera_refused": "end what else is connected to it; check user, password and path of the URL",
    "camera_stalled": "switch its power off and on; look for loss on the way (fragments_lost)",
    "blind": "paint the mask over a snapshot of this camera",
    "aim_unfit": "draw it again on the page, or give the camera back to the file there; its privacy"
    " polygons stay in force where they can be read",
    "not_judged": "restart the agent; report it with the log if it comes back",
    "needs_power_cycle": "switch its power off and on",
    "costly": "set smaller pictures or fewer a second in the camera, or give the agent more memory"
    " (MemoryMax=, mem_limit, agent.memory_max)",
    "picture_frozen": "the camera hangs: switch its power off and on",
    "picture_dark": "uncover the lens, or give it light: is the infrared light on?",
    "picture_blurred": "clean the lens, set the focus",
    "view_shifted": "turn it back, or set masks and zones anew",
    "store_absent": "mount it: see findmnt and dmesg; recordings wait in the spool",
    "store_wrong_store": "mount the right one",
    "store_taken": "give this camera another id, or this agent a store of its own; is that agent"
    " gone for good: `surveillance-agent adopt-store --take CAMERA`",
    "store_read_only": "check the file system, or chown it to the agent's user",
    "store_full": "delete what is not ours, or lower store.retention_days",
    "store_stalled": "look at the NAS and the network",
    "store_failing": "see dmesg; replace the stick",
    "audio_no_device": "see aplay -l and beep.device; without a speaker: beep: {enabled: false}",
    "audio_stalled": "end what else holds the device",
    "audio_failed": "see aplay -l and beep.device",
    "broker_unreachable": "does the broker listen on this network?",
    "broker_lost": "comes back by itself; where it does so often, look at the network",
    "broker_protocol": 'set mqtt.protocol: "3.1.1"',
    "broker_kicked": "see the broker's log; who may send requests to the agent?",
    "broker_rights": "give its user the rights of deploy/mosquitto.acl, then restart the agent",
    "broker_quota": "raise the broker's limits",
    "broker_packet_too_large": "raise the broker's limit for packets (Mosquitto: max_packet_size,"
    " message_size_limit), or lower mqtt.max_image_kb",
    "journal_failing": "the disk of agent.state_dir is full or damaged",
    "classifier_failed": "add the file anew (surveillance-agent model add),"
    " see docs/how-to/classify.md;"
    " all else works, events are called unknown",
    "descriptors_low": "close what is connected to the re-offer, then restart the agent; report it"
    " with the list of /proc/PID/fd if it comes back",
    "silent": "the machine is overloaded, or a call hangs; after 30 s the thread of a camera is"
    " replaced, for any other the agent starts anew",
    "schedule_waits": "give the machine a time service (timedatectl), or set agent.trust_clock:"
    " always",
    "hung": "it goes with the agent's next start; report it, with the log",
}

_NETWORK = {
    "camera_connecting": "wait; where it comes and goes, look at the network on the way",
    "camera_stalled": "switch its power off and on; look at the network on the way",
}
_DEVICE = {"camera_stalled": "unplug it and plug it in again; is its cable or hub bad?"}
_PROGRAM = {
    "camera_stalled": "try its command by hand; docs/reference/cameras.md says what it has to write"
}
_OTHER_CAMERAS = {
    "http": _NETWORK,
    "https": _NETWORK,
    "rtsp": _NETWORK,
    "rtsps": _NETWORK,
    "rtspu": _NETWORK,
    "rtsph": _NETWORK,
    "exec": _PROGRAM,
    "rpicam": _PROGRAM,
    "v4l2": _DEVICE,
    "file": {},
    "demo": {},
}

_SIGHT = {
    "picture_frozen": "the same picture for 30 s",
    "picture_dark": "almost nothing in the picture is bright",
    "picture_blurred": "much less detail than usual",
    "view_shifted": "the camera points elsewhere than it used to",
}


#: Sessions that are no problem; privacy mode that is over is about to be opened.
_QUIET = frozenset({CameraCode.LIVE, CameraCode.DISABLED, CameraCode.PRIVATE})


def _words(code: str, reason: str, helps: str | None = None) -> str:
    return "; ".join(words for words in (reason, helps or HELP.get(code)) if words)


def _link_words(link: CameraState | None, scheme: str) -> str:
    """Why a session is not live, and what helps a camera of that kind."""
    if link is None:
        return "starting"
    code = f"camera_{link.code.value}"
    if not link.found:
        return link.reason
    helps = _OTHER_CAMERAS[scheme].get(code) if scheme in _OTHER_CAMERAS else HELP.get(code)
    return f"{link.reason}; {helps}" if helps else link.reason


def camera_problems(now_state: AgentNow, camera: CameraNow) -> list[Problem]:
    """What is wrong with one camera; `blind`: its mask does not fit.

    How well it sees is said only while frames come: what was seen last is no news.
    """
    if privacy_mode.shut(camera):
        return _while_private(now_state, camera)
    link, recording = camera.link, camera.recording_link
    code = link.code if link else CameraCode.CONNECTING
    vision = now_state.gauges.vision.get(camera.camera_id, VisionStats())
    setup, name = camera.setup, camera.camera_id
    told: list[Problem] = []

    def tell(kind: Kind, code: str, words: str) -> None:
        """Adds a problem of the camera."""
        told.append(Problem(kind, code, words, name))

    if vision.problem:
        tell(Kind.CAMERA, "blind", _words("blind", vision.problem))
    elif camera.watch is not None and camera.watch.unjudged:
        tell(Kind.CAMERA, "not_judged", _words("not_judged", camera.watch.unjudged))
    if code not in _QUIET:
        tell(Kind.CAMERA, f"camera_{code.value}", _link_words(link, setup.scheme))
    if camera.needs_power_cycle:
        words = f"{camera.failed_attempts} attempts in a row failed"
        tell(Kind.CAMERA, "needs_power_cycle", _words("needs_power_cycle", words))
    if recording is not None and recording.code not in _QUIET:
        words = _link_words(recording, setup.record_scheme)
        tell(Kind.RECORDING_STREAM, f"recording_stream_{recording.code.value}", words)
    told += _unfit(now_state, name)
    if why := now_state.gauges.costs.get(name, Costs()).why:
        tell(Kind.COST, "costly", _words("costly", why))
    if code is CameraCode.LIVE:
        for sight in vision.sight.problems:
            tell(Kind.SIGHT, sight, _words(sight, _SIGHT[sight]))
    return told


def _while_private(now_state: AgentNow, camera: CameraNow) -> list[Problem]:
    """What is wrong with a camera of which nothing is fetched: nothing that it does."""
    return _unfit(now_state, camera.camera_id)


def _unfit(now_state: AgentNow, name: str) -> list[Problem]:
    """What was drawn on the page and cannot be in force."""
    why = now_state.gauges.aims.get(name)
    return [Problem(Kind.AIM, "aim_unfit", _words("aim_unfit", why), name)] if why else []


def agent_problems(state: AgentNow, at: float) -> tuple[Problem, ...]:
    """What is wrong anywhere at `at`."""
    found = [it for camera in state.cameras.values() for it in camera_problems(state, camera)]

    def tell(kind: Kind, code: str, reason: str, owner: str = "") -> None:
        """Adds a problem of the agent, or of one of its owners."""
        found.append(Problem(kind, code, _words(code, reason), owner))

    store, audio, gauges = state.store, state.audio, state.gauges
    if store is not None and store.code not in {"ok", "not_configured", "starting"}:
        store_code = f"store_{store.code.value}"
        words = _words(store_code, store.reason, store.helps)
        found.append(Problem(Kind.STORE, store_code, words))
    if audio is not None and not audio.ok and audio.code != "disabled":
        tell(Kind.AUDIO, f"audio_{audio.code}", audio.reason)
    for name in gauges.silent:
        tell(Kind.WORKER, "silent", f"{name} gave no sign of life for 10 s", name)
    for name in sorted(set(gauges.hung)):
        count = gauges.hung.count(name)
        words = f"{count} thread{'s' if count > 1 else ''} of {name} hang in a call"
        tell(Kind.WORKER, "hung", f"{words}; another one does the work", name)
    found += _waiting(state)
    if (used_up := _descriptors_low(gauges.host)) is not None:
        tell(Kind.MACHINE, "descriptors_low", used_up)
    if (code := broker_problem(state, at)) is not None and state.trouble is not None:
        tell(Kind.BROKER, f"broker_{code}", state.trouble.reason)
    if gauges.mqtt.deaf_to:
        topics = ", ".join(gauges.mqtt.deaf_to)
        words = f"the broker refuses subscriptions, nothing is heard on {topics}"
        tell(Kind.BROKER, "broker_rights", words)
    if gauges.mqtt.withheld:
        sizes = ", ".join(f"{topic} ({size} bytes)" for topic, size in gauges.mqtt.withheld[:5])
        tell(Kind.BROKER, "broker_packet_too_large", f"left out, or in part: {sizes}")
    if gauges.classify is not None and gauges.classify.state == "failed":
        tell(Kind.CLASSIFIER, "classifier_failed", gauges.classify.reason)
    if gauges.mqtt.journal_failing:
        failed = gauges.mqtt.journal_failed
        words = f"{failed} events were sent without being on disk"
        tell(Kind.JOURNAL, "journal_failing", words)
    return tuple(found)


def _waiting(state: AgentNow) -> list[Problem]:
    """What stands still while nobody knows the time."""
    names = [name for name, it in state.cameras.items() if it.setup.schedule.rules]
    if state.clock.sure or not names:
        return []
    words = (
        f"the clock is not synchronised, so the schedule of {', '.join(names)} waits: what it arms"
        " is armed, all else stays as it was"
    )
    return [Problem(Kind.MACHINE, "schedule_waits", _words("schedule_waits", words))]


def _descriptors_low(host: HostFigures) -> str | None:
    """Why clips, journal and broker may soon find no descriptor; None: there are enough."""
    used, most = host.descriptors, host.most_descriptors
    if used is None or most is None or used <= USED_UP * most:
        return None
    return f"{used} of {most} files and connections of the process are open"


def broker_problem(state: AgentNow, at: float) -> str | None:
    """Why there is no broker; connected again: what a person must still look into, for a while."""
    trouble = state.trouble
    if trouble is None:
        return None
    lately = trouble.code in HUMAN and at - trouble.at < LATELY
    return trouble.code if lately or not state.connected else None
