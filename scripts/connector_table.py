"""
``python -m scripts.connector_table``: what each shipped connector does for each right.

Reads ``connectors/`` and writes docs/processors/connectors.md; with ``--check`` only says whether the page is the one
these files give.
"""
# ruff: noqa: T201

import sys
from collections.abc import Iterator
from pathlib import Path

from app.domain.fanout import Action
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_steps import AssumeHeld, Manual, Native, NotApplicable
from app.processors.rest.registration import plan_of
from app.processors.rest.shelf import load

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "processors" / "connectors.md"
COLUMNS = {
    Action.LOCATE: "search",
    Action.EXPORT: "copy",
    Action.RECTIFY: "correct",
    Action.ERASE: "erase",
    Action.RESTRICT: "restrict",
    Action.STOP_MARKETING: "stop marketing",
}

HEAD = """# The connectors that are shipped

Made by `python -m scripts.connector_table` from [connectors](../../connectors); do not edit. How they work and how
to register one: [rest.md](rest.md). Each was tried against a simulated vendor written from its documentation
(`python -m sandbox.vendors.serve` serves them all), never against a live account; what the documentation leaves open is
listed in the connector under `unverified`. Try a connector on the vendor's own test system first.

- **yes**: the vendor's own call, at once. **job**: started, asked after, done when the vendor says so. **later**: the
  vendor acknowledges, and it counts once its time has passed. **assumed**: it cannot be searched and is always asked.
- **overwrites**, **hides**: what the vendor has is no erasure; a person sees to the rest. **person**: no such call; the
  task says what to do by hand. **–**: nothing there that the right could be about.
- **in part**: the vendor's call stops mails, and a person sees to calls, texts and letters, unless the registration
  says that there are none (`mails_only`, Braze's `no_other_channels`). An erasure that does not reach an output of the
  connector (`leaves`) is a person's where there is anything of it.

| connector | {columns} | settings | secrets |
|---|{rules}---|---|
"""


def page() -> str:
    """The whole page."""
    head = HEAD.format(columns=" | ".join(COLUMNS.values()), rules="---|" * len(COLUMNS))
    return head + "".join(_row(one) for one in load(ROOT / "connectors").values())


def _row(connector: Connector) -> str:
    cells = [_cell(connector, action) for action in COLUMNS]
    needed = [f"`{name}`" for name, one in connector.settings.items() if not one.optional and one.default is None]
    secrets = [f"`{name}`" for name, one in connector.secrets.items() if not one.optional]
    link = f"[{connector.title}](../../connectors/{connector.connector}.yaml)"
    return f"| {' | '.join([link, *cells, ' '.join(needed), ' '.join(secrets)])} |\n"


def _cell(connector: Connector, action: Action) -> str:
    plan = plan_of(connector, action)
    match plan:
        case NotApplicable():
            return "–"
        case AssumeHeld():
            return "assumed"
        case Native():
            if action is Action.STOP_MARKETING and plan.every_channel is None:
                return "in part"
            return ", ".join(_native(plan))
        case Manual() | None:
            return "person"
    return "person"


def _native(plan: Native) -> Iterator[str]:
    how = {"anonymised": "overwrites", "soft_deleted": "hides", "suppressed": "hides"}
    if plan.effect in how:
        yield how[plan.effect]
    if plan.job is not None:
        yield "job"
    if plan.effective_after is not None:
        hours = plan.effective_after.total_seconds() / 3600
        yield f"later ({hours / 24:.0f} days)" if hours > 48 else f"later ({hours:.0f} h)"
    if plan.effect not in how and plan.job is None and plan.effective_after is None:
        yield "yes"


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is the right one."""
    made = page()
    if "--check" not in arguments:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made:
        return 0
    print("docs/processors/connectors.md is not what connectors/ gives: run python -m scripts.connector_table")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
