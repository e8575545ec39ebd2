"""Answers to commands: immediately, later by an owner, or with a refusal. Each gets one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.core.effects import Effect, Say
from agent.core.last_error import fault
from agent.core.setting_messages import setting_state
from agent.core.state import AgentNow, CameraNow, Now, Pending
from schemas.commands import CommandError, ErrorCode, ReplyTo, Response
from schemas.messages import Publish, state
from schemas.settings import AgentSettings, CameraSettings, SettingValue, setting_names, show_value

#: How long an owner may take before the command is answered with an error.
ANSWER_WITHIN = 8.0
#: Bounds what commands without an answer can make us remember.
MAX_PENDING = 16

#: Lines of the log about refused commands, and the seconds for which the number counts.
MAX_LINES, LINES_WITHIN = 30, 60.0

Step = tuple[AgentNow, list[Effect]]


def reply_topics(now_state: AgentNow, reply: ReplyTo) -> tuple[str, ...]:
    """Where a command is answered: the plain response topic, and the one it asked for (MQTT 5)."""
    topics = now_state.setup.topics
    camera = now_state.cameras.get(reply.camera or "")
    plain = camera.topics.response(reply.noun) if camera else topics.response(reply.noun)
    return (plain,) if reply.response_topic is None else (plain, reply.response_topic)


def answer(
    now_state: AgentNow,
    reply: ReplyTo,
    now: Now,
    *,
    value: SettingValue | str | None = None,
    data: dict[str, Any] | None = None,
    error: CommandError | None = None,
) -> list[Effect]:
    """The response, on every topic where it is expected."""
    response = Response(
        ok=error is None,
        command=reply.noun,
        value=value,
        data=data,
        error=error,
        transaction=reply.transaction,
        ts=now.utc,
    )
    payload = response.to_json()
    return [
        Publish(topic, payload, qos=1, correlation=reply.correlation)
        for topic in reply_topics(now_state, reply)
    ]


def finish(
    now_state: AgentNow,
    token: str | None,
    now: Now,
    *,
    data: dict[str, Any] | None = None,
    error: CommandError | None = None,
) -> Step:
    """Answers a waiting command, if it still waits."""
    waiting = now_state.pending.get(token or "")
    if waiting is None:
        return now_state, []
    pending = {key: value for key, value in now_state.pending.items() if key != token}
    now_state = replace(now_state, pending=pending)
    return now_state, answer(now_state, waiting.reply, now, data=data, error=error)


def expire(now_state: AgentNow, now: Now) -> Step:
    """Answers commands whose owner did not."""
    effects: list[Effect] = []
    for token, waiting in now_state.pending.items():
        if now.at < waiting.until:
            continue
        error = CommandError(code=waiting.code, message=f"no answer within {waiting.within:g} s")
        now_state, answers = finish(now_state, token, now, error=error)
        effects += answers
    return now_state, effects


def give_up(now_state: AgentNow, now: Now) -> Step:
    """Answers all commands that wait: the process ends, no owner will."""
    effects: list[Effect] = []
    for token, waiting in now_state.pending.items():
        error = CommandError(code=waiting.code, message="the agent ended meanwhile")
        now_state, answers = finish(now_state, token, now, error=error)
        effects += answers
    return now_state, effects


def remember(
    now_state: AgentNow,
    reply: ReplyTo,
    now: Now,
    code: ErrorCode,
    within: float = ANSWER_WITHIN,
) -> tuple[AgentNow, str | None]:
    """Keeps a command until its owner answers (`within` s); no token when too many wait."""
    if len(now_state.pending) >= MAX_PENDING:
        return now_state, None
    token = str(now_state.requests + 1)
    waiting = Pending(reply=reply, until=now.at + within, code=code, within=within)
    pending = {**now_state.pending, token: waiting}
    return replace(now_state, pending=pending, requests=now_state.requests + 1), token


def fail(now_state: AgentNow, reply: ReplyTo, code: ErrorCode, words: str, now: Now) -> Step:
    """Refuses a command that changes no setting."""
    return refused_with(now_state, reply, CommandError(code=code, message=words), now, ())


def refused_with(
    now_state: AgentNow,
    reply: ReplyTo,
    error: CommandError,
    now: Now,
    names: tuple[str | None, ...],
) -> Step:
    """Answers with the error and shows the named settings as they are in force."""
    effects = answer(now_state, reply, now, error=error)
    camera = now_state.cameras.get(reply.camera or "")
    for name in names:
        effects += _unchanged(now_state, camera, name)
    where = f"camera {camera.camera_id}" if camera else "agent"
    now_state, line = _logged(
        now_state, f"{where}: command {reply.noun} refused: {error.message}", now
    )
    effects += line
    now_state = replace(now_state, refused=now_state.refused + 1)
    now_state, said = fault(now_state, "command", error.code, error.message, now)
    return now_state, effects + said


def _logged(now_state: AgentNow, words: str, now: Now) -> Step:
    """A line of the log; who sends nonsense again and again does not fill it."""
    if now.at - now_state.refusals_since >= LINES_WITHIN:
        now_state = replace(now_state, refusals_since=now.at, refusals_logged=0)
    before = now_state.refusals_logged
    now_state = replace(now_state, refusals_logged=before + 1)
    if before > MAX_LINES:
        return now_state, []
    if before == MAX_LINES:
        words = "commands: more are refused; health counts them (commands_refused)"
    return now_state, [Say("WARNING", words)]


def _unchanged(now_state: AgentNow, camera: CameraNow | None, name: str | None) -> list[Effect]:
    """The value in force, so that a switch or slider that moved ahead snaps back."""
    if camera is not None and name in setting_names(CameraSettings):
        return [setting_state(camera, name)]
    if camera is None and name in setting_names(AgentSettings):
        topic = now_state.setup.topics.setting_state(name)
        return [state(topic, show_value(getattr(now_state.settings, name)))]
    return []
