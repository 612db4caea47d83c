"""
The kind ``plugin``: an adapter that somebody else's package brings, found by its entry point.

For the few systems that no other kind reaches. The package is installed beside the service by whoever runs it and
names a factory in the group ``insyn.processors``; a registration names the entry point in ``settings.plugin``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from app.domain.fanout import SAYABLE, Outcome
from app.domain.faults import Fault, no_such_name, setting_missing
from app.processors._answers import AnswerNotUnderstood, read_outcome
from app.processors._faults import unfit
from app.processors._port import Adapter, Answer, Line, Order, Target

GROUP = "insyn.processors"
_PLUGIN = ("settings", "plugin")
_NOT_LOADED = (
    "The package is installed and cannot be loaded, or does not say properly what it lacks.",
    "Paketet är installerat men kan inte laddas, eller säger inte på rätt sätt vad det saknar.",
)
_OWN = (
    "The package says that this is missing or wrong.",
    "Paketet säger att detta saknas eller är fel.",
)
#: What a package's entry point gives: makes an adapter for one registration.
Factory = Callable[[Target, Line], Adapter]
#: A plugin may take longer than one call does (it may make several), and never hold its place in the lane for ever.
CALLS_WORTH = 6


def lacks(target: Target) -> list[Fault]:
    """The name of a plugin that is installed, and what that one says it lacks (its factory may have ``lacks``)."""
    if not target.settings.get("plugin"):
        return [setting_missing("plugin")]
    found = _entry(target)
    if found is None:
        return [_not_installed(str(target.settings["plugin"]))]
    try:
        own = getattr(found.load(), "lacks", None)
        said = own(target) if own is not None else None
    except Exception:  # a package that cannot even be loaded is one we lack
        return [unfit(_PLUGIN, *_NOT_LOADED)]
    return _own_faults(said)


def _not_installed(name: str) -> Fault:
    return no_such_name(_PLUGIN, name, {one.name for one in entry_points(group=GROUP)})


def _own_faults(said: object) -> list[Fault]:
    """What a package says it lacks: nothing, our own faults, or the name of a setting that is missing or wrong."""
    if said is None:
        return []
    if isinstance(said, str):
        return [unfit(("settings", said), *_OWN)]
    if isinstance(said, list) and all(isinstance(one, Fault) for one in said):
        return said
    return [unfit(_PLUGIN, *_NOT_LOADED)]


def _entry(target: Target) -> EntryPoint | None:
    wanted = target.settings.get("plugin")
    return next((one for one in entry_points(group=GROUP) if one.name == wanted), None)


class Plugin:
    """Another package's adapter, held to what every adapter promises: it never raises, never hangs, says our words."""

    def __init__(self, target: Target, line: Line) -> None:
        self._adapter = _made(target, line)
        self._why_not = "plugin_missing" if _entry(target) is None else "plugin_not_made"
        self._seconds = line.seconds * CALLS_WORTH

    async def send(self, order: Order) -> Answer:
        return await self._held(lambda adapter: adapter.send(order))

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self._held(lambda adapter: adapter.poll(order, url=url))

    async def ask(self, order: Order) -> Answer:
        return await self._held(lambda adapter: adapter.ask(order))

    async def aclose(self) -> None:
        if self._adapter is not None:
            await self._adapter.aclose()

    async def _held(self, call: Callable[[Adapter], Awaitable[Answer]]) -> Answer:
        if self._adapter is None:
            return Answer(outcome=Outcome.FAILED, code=self._why_not)  # nothing was sent; a person sees to it
        try:
            async with asyncio.timeout(self._seconds):
                answer = await call(self._adapter)
        except TimeoutError:
            return Answer(outcome=Outcome.UNKNOWN, code="cut_off")
        except Exception:  # somebody else's code: nobody knows how far it came
            return Answer(outcome=Outcome.UNKNOWN, code="plugin_failed")
        return _checked(answer)


def _made(target: Target, line: Line) -> Adapter | None:
    """The package's adapter; None where it was taken away after the registration, or cannot be made."""
    found = _entry(target)
    try:
        factory: Factory | None = found.load() if found is not None else None
        return factory(target, line) if factory is not None else None
    except Exception:  # somebody else's code
        return None


def _checked(answer: object) -> Answer:
    """Another package's answer has the shape of everybody's, or nobody knows what it means."""
    if not isinstance(answer, Answer):
        return Answer(outcome=Outcome.UNKNOWN, code="malformed")
    if answer.outcome not in SAYABLE or answer.outcome is Outcome.ACCEPTED:
        return replace(answer, body={})
    said = {**answer.body, "outcome": answer.outcome.value}
    if answer.effective_at is not None:
        said["effective_at"] = answer.effective_at.isoformat()
    try:
        return replace(read_outcome(said, code=answer.code), wait=answer.wait)
    except AnswerNotUnderstood:
        return Answer(outcome=Outcome.UNKNOWN, code="malformed")
