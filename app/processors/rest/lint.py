"""
What can be wrong with a connector that has the right shape: found before anything is sent, each with its place.

The rules of references and templates are in ``lint_templates``; here are those of structure and safety.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import elementpath
from pydantic import BaseModel

from app.processors.rest.extraction import BadPath, json_path, pattern, predicate
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_auth import ClientCertificate
from app.processors.rest.grammar_calls import After, Columns, Cursor, Extraction, PerItem, Request, Rule
from app.processors.rest.grammar_steps import (
    Collected,
    Guard,
    Job,
    Loop,
    LoopStep,
    MergePut,
    Native,
    SameAs,
    Step,
    StepBase,
)
from app.processors.rest.lint_reach import reach_faults
from app.processors.rest.lint_templates import Fault, template_faults

_HOLE = re.compile(r"\{\{.*?\}\}")
#: A repeated group with a repetition in it: what makes a search take for ever.
_NESTED = re.compile(r"\([^()]*[+*][^()]*\)[+*{]")
#: Gone for good, whether the file says so or not.
_FOR_GOOD = ("erased", "anonymised")


def lint(connector: Connector) -> list[Fault]:
    """Everything that is wrong, in the order of the file as far as that is known."""
    return [
        *template_faults(connector),
        *_paths(connector),
        *_hosts(connector),
        *_lookups(connector),
        *_rules(connector),
        *_outputs(connector),
        *_actions(connector),
        *_auths(connector),
        *reach_faults(connector),
    ]


def parts(model: BaseModel, where: str = "") -> Iterator[tuple[str, BaseModel]]:
    """The model and everything in it, each with its place."""
    yield where, model
    for name, info in type(model).model_fields.items():
        here = f"{where}.{info.alias or name}".lstrip(".")
        yield from _within(getattr(model, name), here)


def _within(value: object, where: str) -> Iterator[tuple[str, BaseModel]]:
    if isinstance(value, BaseModel):
        yield from parts(value, where)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _within(one, f"{where}.{getattr(one, 'id', None) or number}")
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _within(one, f"{where}.{name}")


def _paths(connector: Connector) -> Iterator[Fault]:
    for where, part in parts(connector):
        for text, compiled in _compilable(part):
            try:
                compiled(text)
            except BadPath as error:
                yield Fault("bad_path", where, f"'{text}' cannot be read: {error}")
        for text in _patterns(part):
            if _NESTED.search(text):
                yield Fault("bad_path", where, f"'{text}' repeats a repetition: that can take for ever")


def _patterns(part: BaseModel) -> list[str]:
    return [part.regex] if isinstance(part, Extraction | After) and part.regex is not None else []


def _compilable(part: BaseModel) -> Iterator[tuple[str, Callable[[str], object]]]:
    match part:
        case Extraction() | After():
            if part.json_path is not None:
                yield part.json_path, json_path
            if part.regex is not None:
                yield part.regex, pattern
            if isinstance(part, Extraction) and part.xpath is not None:
                yield part.xpath, _xpath(part)
        case Columns():
            yield part.names, json_path
            yield part.rows, json_path
        case MergePut():
            yield part.body, json_path
        case Rule() | Guard() if part.predicate is not None:
            yield part.predicate, predicate
        case Cursor() if part.more is not None:
            yield part.more, predicate
        case Job() if part.partial_if is not None:
            yield part.partial_if, predicate
        case Collected() if part.where is not None:
            yield part.where, predicate


def _xpath(part: Extraction) -> Callable[[str], object]:
    def compiled(text: str) -> None:
        try:
            elementpath.XPath2Parser(namespaces=dict(part.namespaces)).parse(text)
        except elementpath.ElementPathError as error:
            raise BadPath(str(error)) from None

    return compiled


def _hosts(connector: Connector) -> Iterator[Fault]:
    allowed = [_host(url) for url in connector.base_url.values()] + list(connector.hosts)
    for name, url in connector.base_url.items():
        if _is_open(_host(url)):
            yield Fault("host_not_allowed", f"base_url.{name}", "the host's last two labels are written out")
    for where, part in parts(connector):
        for field in ("url", "token_url"):
            address = getattr(part, field, None)
            if isinstance(address, str) and not any(_covers(one, _host(address)) for one in allowed):
                yield Fault("host_not_allowed", where, f"'{_host(address)}' is neither base_url's nor in hosts")


def _host(url: str) -> str:
    return urlsplit(_HOLE.sub("*", url)).netloc.lower()


def _is_open(host: str) -> bool:
    return any("*" in label for label in host.rpartition(":")[0 if ":" in host else 2].split(".")[-2:])


def _covers(allowed: str, host: str) -> bool:
    if allowed == host:
        return True
    return allowed.startswith("*.") and host.partition(".")[2] == allowed[2:] and not _is_open(host)


def _lookups(connector: Connector) -> Iterator[Fault]:
    for number, lookup in enumerate(connector.lookup):
        where = f"lookup.{lookup.id or number}"
        if lookup.on_empty is None:
            yield Fault("missing_on_empty", where, "say on_empty: next, no_match or needs_review")
    if connector.lookup and connector.lookup[-1].on_empty == "next":
        yield Fault("missing_on_empty", "lookup", "after the last there is no next: say no_match or needs_review")
    for where, part in parts(connector):
        if isinstance(part, Loop):
            if part.on_empty is None:
                yield Fault("missing_on_empty", where, "say on_empty: skip, no_match or needs_review")
            if part.max_items is None:
                yield Fault("unbounded_loop", where, "say max_items: more than so many is nobody's honest answer")


def _rules(connector: Connector) -> Iterator[Fault]:
    if not connector.rules[-1].is_default:
        yield Fault("no_default_rule", "rules", "end with a rule that names nothing, as {outcome: fail}")
    for where, part in parts(connector):
        if isinstance(part, PerItem) and not part.rules[-1].is_default:
            yield Fault("no_default_rule", where, "end with a rule that names nothing, as {outcome: fail}")
        rules = getattr(part, "rules", None)
        if isinstance(rules, list) and any(one.is_default for one in rules[:-1]):
            yield Fault("no_default_rule", f"{where}.rules".lstrip("."), "what stands after the default is never read")


def _outputs(connector: Connector) -> Iterator[Fault]:
    reached = set()
    for where, part in parts(connector):
        if isinstance(part, Native):
            reached |= set(part.collect)
            reached |= {part.job.download.output} if part.job and part.job.download else set()
        named = [*getattr(part, "covers", []), *([part.output] if hasattr(part, "output") else [])]
        if type(part).__name__ == "Retain":
            named += part.outputs  # type: ignore[attr-defined]
        reached |= set(named)
        for one in named:
            if one not in connector.outputs:
                yield Fault("output_without_mapping", where, f"'{one}' is not declared in outputs")
    collections = [("collect", connector.collect)] + [
        (f"actions.{name}.collect", plan.collect)
        for name, plan in connector.actions.items()
        if isinstance(plan, Native)
    ]
    for where, collection in collections:
        reached |= set(collection)
        yield from _collection(connector, where, collection)
    for name in connector.outputs:
        if name not in reached:
            yield Fault("output_without_mapping", f"outputs.{name}", "nothing brings it and no step covers it")


def _collection(connector: Connector, where: str, collection: dict[str, Collected]) -> Iterator[Fault]:
    earlier: set[str] = set()
    for name, one in collection.items():
        if name not in connector.outputs and not one.hidden:
            yield Fault("output_without_mapping", f"{where}.{name}", "is not declared in outputs, and not hidden")
        if one.each is not None and one.each not in earlier:
            yield Fault("unresolved_reference", f"{where}.{name}", f"'{one.each}' does not stand before it")
        if one.source == "lookup" and not connector.lookup:
            yield Fault("unresolved_reference", f"{where}.{name}", "there is no lookup")
        earlier.add(name)


def _actions(connector: Connector) -> Iterator[Fault]:
    for name, plan in connector.actions.items():
        where = f"actions.{name}"
        if isinstance(plan, SameAs):
            target = connector.actions.get(plan.same_as)
            if target is None or isinstance(target, SameAs):
                yield Fault("unresolved_reference", where, f"'{plan.same_as}' is no action that says what it does")
        if not isinstance(plan, Native):
            continue
        yield from _irreversible(connector, plan, where)
        yield from _steps(plan.steps, f"{where}.steps", depth=0)
        if not (plan.steps or plan.job or plan.collect) and name not in ("locate", "export"):
            yield Fault("unresolved_reference", where, "does nothing: it needs steps or a job")
        if name == "export" and not (plan.collect or plan.job or connector.collect):
            yield Fault("output_without_mapping", where, "brings nothing: it needs collect, here or at the top")


def is_irreversible(plan: Native) -> bool:
    """Whether nobody can undo it, said or not."""
    return plan.irreversible or plan.effect in _FOR_GOOD


def _irreversible(connector: Connector, plan: Native, where: str) -> Iterator[Fault]:
    if not is_irreversible(plan) or plan.no_lookup is not None:
        return
    if not plan.lookup or not connector.lookup:
        yield Fault("irreversible_without_lookup", where, "find the person first, or say in no_lookup why not")
        return
    for number, lookup in enumerate(connector.lookup):
        if lookup.match is None and lookup.verified_by is None:
            place = f"lookup.{lookup.id or number}"
            yield Fault("irreversible_without_lookup", place, f"{where} needs match here, or verified_by: why not")


def _steps(steps: list[Step], where: str, *, depth: int) -> Iterator[Fault]:
    if depth > 3:
        yield Fault("unbounded_loop", where, "loops stand in loops three deep at most")
    ids = [one.id for one in steps]
    for number, step in enumerate(steps):
        here = f"{where}.{step.id or number}"
        if step.id is not None and step.id in ids[:number]:
            yield Fault("bad_goto", here, "the name is taken by an earlier step")
        for target in _targets(step):
            if target not in ids[number + 1 :]:
                yield Fault("bad_goto", here, f"'{target}' is no later step of this list")
        if isinstance(step, LoopStep):
            yield from _steps(step.foreach.steps, f"{here}.foreach", depth=depth + 1)


def _targets(step: StepBase) -> list[str]:
    rules: list[Rule] = getattr(step, "rules", [])
    return [one.goto for one in rules if one.goto is not None] + ([step.otherwise] if step.otherwise else [])


def _auths(connector: Connector) -> Iterator[Fault]:
    known = {*connector.auths, "none"}
    for where, part in parts(connector):
        named = part.auth if isinstance(part, Request) else None
        if named is not None and named not in known:
            yield Fault("unresolved_reference", where, f"'{named}' is not one of auths")
        if isinstance(part, ClientCertificate):
            for secret in (part.certificate, part.key):
                if secret not in connector.secrets:
                    yield Fault("unresolved_reference", where, f"secrets.{secret} is not declared")
            if part.then is not None and part.then not in connector.auths:
                yield Fault("unresolved_reference", where, f"'{part.then}' is not one of auths")
    for proof in connector.callback.proof if connector.callback else []:
        if proof.secret is not None and proof.secret not in connector.secrets:
            yield Fault("unresolved_reference", "callback", f"secrets.{proof.secret} is not declared")
    for rule in connector.rules:
        if rule.goto is not None:
            yield Fault("bad_goto", "rules", "a common rule goes nowhere: it has an outcome")
