"""One order being carried out: what is known, what has been done, and the ways it can stop."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.domain.contacts import corrections_of
from app.domain.fanout import Outcome
from app.processors._port import Order
from app.processors.rest.auth import LoginFailed
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, Scope, render
from app.processors.rest.extraction import one
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_calls import Call, Request, Retain
from app.processors.rest.grammar_steps import Native, Receipt
from app.processors.rest.limiter import LimitReached
from app.processors.rest.places import NotAllowed
from app.processors.rest.reply import Reply
from app.processors.rest.rules import Verdict, judge
from app.processors.rest.wire import CutOff, NotSent, Wire

#: No honest order about one person takes more calls or longer than this.
MOST_CALLS: Final = 2_000
MOST_SECONDS: Final = 900.0
#: Finds larger than this are looked up again instead of being kept between attempts.
MOST_KEPT: Final = 65_536
_REPEATABLE: Final = ("GET", "HEAD", "PUT", "DELETE")


class Stop(Exception):
    """The order stops here, in our words; *message* is for the member of staff who goes on."""

    def __init__(self, outcome: Outcome, code: str, *, message: str = "", wait: timedelta | None = None) -> None:
        self.outcome, self.code, self.message, self.wait = outcome, code, message, wait
        super().__init__(code)


#: What a rule's outcome stops an order with; the others go on.
_STOPS: Final = {
    "retry": Outcome.RETRY,
    "quota": Outcome.RETRY,
    "auth_expired": Outcome.FAILED,
    "rejected": Outcome.REFUSED,
    "needs_review": Outcome.REFUSED,
    "ambiguous": Outcome.AMBIGUOUS,
    "fail": Outcome.FAILED,
}


@dataclass
class Progress:
    """What is done already, as plain JSON between attempts. Holds personal data: sealed on the task."""

    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    finds: list[Any] | None = None
    job: dict[str, Any] | None = None
    effective_at: str | None = None
    doubt: str | None = None  #: the step whose effect nobody knows

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> "Progress":
        said = kept or {}
        return cls(
            done={key: dict(value) for key, value in said.get("done", {}).items()},
            finds=said.get("finds"),
            job=said.get("job"),
            effective_at=said.get("effective_at"),
            doubt=said.get("doubt"),
        )

    def written(self) -> dict[str, Any]:
        made = {name: value for name, value in vars(self).items() if value}
        if "finds" in made and len(json.dumps(made["finds"])) > MOST_KEPT:
            made.pop("finds")
        return made


@dataclass
class Run:
    """One attempt at one order."""

    connector: Connector
    wire: Wire
    order: Order
    plan: Native
    categories: Mapping[str, str]  #: outputs to our categories
    scope: Scope
    dry: bool
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    calls: int = 0
    would: list[str] = field(default_factory=list)  #: what a dry run would have sent
    facts: dict[str, Any] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)  #: outputs asked for that no step could take by themselves
    rows: dict[str, list[Any]] = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)  #: corrections of fields the vendor is not told about
    had_map: bool = False
    verified: bool = True  #: whether what was found can be nobody else's
    by_phone: set[str] = field(default_factory=set)  #: finds that nothing but a telephone number speaks for

    def __repr__(self) -> str:
        return f"<Run {self.order.task_id}>"

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def asked(self, output: str) -> bool:
        """Whether the order is about an output's category."""
        category = self.categories.get(output)
        return category is not None and (not self.order.categories or category in self.order.categories)

    def kept(self, output: str) -> bool:
        """Whether the task's decision keeps an output's category."""
        return self.categories.get(output) in {one.get("category") for one in self.keep_list}

    @property
    def keep_list(self) -> list[Mapping[str, Any]]:
        listed = self.order.details.get("keep")
        return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []

    def conditions(self, conditions: str | list[str] | None, scope: Scope) -> bool:
        """Whether they all hold, ``asked.x`` and ``kept.x`` among them."""
        outputs = self.connector.outputs
        known = scope.having(
            asked={name: self.asked(name) for name in outputs}, kept={name: self.kept(name) for name in outputs}
        )
        return known.all_hold(conditions)

    async def ask(
        self, call: Call, scope: Scope, *, key: str | None = None, request: Request | None = None
    ) -> tuple[Reply, Verdict]:
        """
        Make one call and judge its answer.

        Raises:
            Stop: Nothing could be sent, the answer was cut off, or it says that the order stops here.
        """
        sent = request or call.request
        reply = await self.sending(sent, scope, key=key)
        return reply, self.judged(reply, call, sent, key)

    def judged(self, reply: Reply, call: Call, request: Request, key: str | None = None) -> Verdict:
        """What an answer comes to; stops the order where that is the end of it."""
        verdict = judge(reply, call.rules, self.connector.rules, now=self.now, per_item=call.per_item)
        if reply.unreadable and verdict.outcome == "success":
            raise self.cut_off("malformed", request, key)
        self.settle(verdict, request, key)
        return verdict

    def settle(self, verdict: Verdict, request: Request, key: str | None) -> None:
        """Stop where a verdict says so."""
        if verdict.outcome == "unknown":
            raise self.cut_off(verdict.code, request, key, wait=verdict.wait)
        if verdict.outcome in _STOPS:
            code = "auth" if verdict.outcome == "auth_expired" else verdict.code
            raise Stop(_STOPS[verdict.outcome], code, wait=verdict.wait)

    def cut_off(self, code: str, request: Request, key: str | None, *, wait: timedelta | None = None) -> Stop:
        """What a call that nobody knows the end of leads to."""
        if is_repeatable(request):
            return Stop(Outcome.RETRY, code, wait=wait)
        self.progress.doubt = key
        return Stop(Outcome.UNKNOWN, code, wait=wait)

    async def sending(self, request: Request, scope: Scope, *, key: str | None = None, url: str | None = None) -> Reply:
        """Send, or stop with the reason; *url* is an address that an answer named."""
        self.count()
        try:
            if url is not None:
                return await self.wire.fetch(url, request, scope)
            return await self.wire.call(request, scope, key=key)
        except MissingValue as error:
            raise missing(error.path) from None
        except BadValue as error:
            raise Stop(
                Outcome.REFUSED, "unfit_value", message=f"A value cannot be sent there ({error.code})."
            ) from None
        except NotAllowed:
            raise Stop(Outcome.FAILED, "host_not_allowed") from None
        except LoginFailed as error:
            later = error.code == "login_later"
            raise Stop(Outcome.RETRY if later else Outcome.FAILED, error.code) from None
        except LimitReached as error:
            raise Stop(Outcome.RETRY, "own_limit", wait=error.wait) from None
        except NotSent as error:
            outcome = Outcome.RETRY if error.later else Outcome.FAILED
            raise Stop(outcome, error.code, message=error.message) from None
        except CutOff as error:
            raise self.cut_off(error.code, request, key) from None

    def count(self) -> None:
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise Stop(Outcome.REFUSED, "too_many_calls")
        if time.monotonic() - self.began > MOST_SECONDS:
            raise Stop(Outcome.RETRY, "too_long")

    def note(self, key: str, *, what: str, effect: str | None = None, **more: Any) -> None:
        """Write down a step that is done."""
        self.progress.done[key] = {"what": what, **({"effect": effect} if effect else {}), **more}
        self.progress.doubt = None

    def receipts(self, wanted: Mapping[str, Receipt], reply: Reply) -> dict[str, str]:
        """The fields of an answer that are kept as evidence."""
        return {name: kept for name, where in wanted.items() if (kept := where_kept(where, reply)) is not None}

    def retained(self, retain: Retain, scope: Scope) -> list[dict[str, str]]:
        """What is kept, by category; the day that was decided goes before the connector's own."""
        until = render(retain.until, scope)
        made = []
        for output in retain.outputs:
            if not self.asked(output):
                continue
            category = self.categories[output]
            decided = next(
                (
                    str(one["until"])
                    for one in self.keep_list
                    if one.get("category") == category and one.get("law") == retain.law and one.get("until")
                ),
                until,
            )
            made.append({"category": category, "law": retain.law, "until": decided})
        return made


def where_kept(where: Receipt, reply: Reply) -> str | None:
    """A receipt's text, short and without line breaks; its SHA-256 where only that is kept."""
    value = one(where, reply.decoded, reply.headers)
    if value is MISSING or isinstance(value, dict | list):
        return None
    text = str(value)
    return hashlib.sha256(text.encode()).hexdigest() if where.hash else " ".join(text.split())[:200]


def missing(path: str) -> Stop:
    """Something a call needs is not known: the person's to give (Art. 11), or a field that the vendor left out."""
    if path.startswith("id."):
        kind = path.removeprefix("id.")
        return Stop(
            Outcome.REFUSED, "no_identifier", message=f"The vendor needs the person's {kind}, which is not known."
        )
    return Stop(Outcome.REFUSED, "missing_value", message=f"'{path}' has no value, and the call needs it.")


def is_repeatable(request: Request) -> bool:
    """Whether sending it twice is as good as once."""
    if request.repeatable is not None:
        return request.repeatable
    return request.method in _REPEATABLE or request.idempotency_key is not None


def corrections(order: Order) -> dict[str, Any]:
    """What is to be corrected, by our field."""
    wanted = corrections_of(order.details)
    return {str(each["field"]): each["value"] for each in wanted if each.get("field") and "value" in each}
