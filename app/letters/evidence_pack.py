"""
The evidence pack: one ZIP about one request, for an authority, that can be checked without us.

==========================  =======================================================================================
``README.txt``              what this is and how to check it, Swedish and English
``timeline.html``           what happened, the due date, the decisions, in plain words (``timeline-en.html``: English)
``*.json``                  the same and more for a machine: request, deadline, extension, questions, claims with what
                            they rest on, approvals, tasks, the recipients' ledger, notes, disagreements, fees,
                            restrictions, forwardings, erasure (planned, kept until when), identity, letters
``letters/``                every letter as it was rendered and as it goes on paper (PDF/A)
``forwardings/``            letters to controllers that a part of the request was passed on to
``audit.jsonl``             the audit chain, the making of this pack included
``manifest.json``           the hash of every file; its own hash stands in the chain's last export
``proof/``                  the last signed checkpoint, and the way from this chain to it
``verify.py``               the check; needs Python and nothing else
==========================  =======================================================================================

The same contents give the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.domain.audit import canonical_json
from app.letters import evidence_verifier
from app.letters.environment import environment
from app.letters.facts import ControllerFacts, LetterFacts
from app.letters.words import Language

FORMAT = "insyn-evidence/1"
AUDIT, MANIFEST = evidence_verifier.AUDIT, evidence_verifier.MANIFEST
CHECKPOINT, INCLUSION = evidence_verifier.CHECKPOINT, evidence_verifier.INCLUSION


@dataclass(frozen=True, kw_only=True, repr=False)
class Page:
    """What the readable page shows, in one language."""

    language: Language
    controller: ControllerFacts
    reference: str
    received_on: date
    due_on: date
    closed_on: date | None
    written_on: date
    deadline: Sequence[str]
    decisions: Sequence[Mapping[str, Any]]
    timeline: Sequence[Mapping[str, Any]]


_README = """\
BEVISPAKET {reference} ({controller})

Det här paketet visar vad som har hänt i en begäran enligt dataskyddsförordningen. Det innehåller personuppgifter och
är till för tillsynsmyndigheten. Börja med timeline.html.

Så kontrolleras det: packa upp, och kör i mappen   python3 verify.py
Det behövs Python 3.8 eller senare, inget nätverk och inget från tjänsten. Programmet säger OK eller vad som skiljer
sig. Jämför nyckeln som skrivs ut med den som den personuppgiftsansvarige har lämnat på annat sätt, eller ange den:
python3 verify.py --key <64 tecken>

Breven finns under letters/, som sida och som PDF. recipients.json visar vilka som har underrättats, erasure.json vad
som sparas till vilken dag.

Identitetskontroller och engångskoder visas med sätt och tid; kopior av id-handlingar sparas aldrig. Det som lämnades
ut till personen ingår inte, bara hur mycket av vad. Handläggare visas med en referens i stället för namn.

--

EVIDENCE PACK {reference} ({controller})

This pack shows what happened in a request under the GDPR. It holds personal data and is for the supervisory authority.
Begin with timeline-en.html.

To check it, unpack it and run in the folder   python3 verify.py
Python 3.8 or newer is needed, no network and nothing of the service. It says OK or what differs. Compare the key it
prints with the one the controller has given you another way, or name that one: python3 verify.py --key <64 digits>

The letters are under letters/, as a page and as PDF. recipients.json shows who was told, erasure.json what is kept and
until which day.

Proofs of identity and one-time codes are shown by method and time; no copy of any document is ever kept. What was
handed out to the person is not in here, only how much of what. Staff are shown by a reference in the place of a name.
"""


def readme(page: Page) -> bytes:
    name = page.controller.name
    return _README.format(reference=page.reference, controller=name).encode()


def timeline_page(page: Page) -> bytes:
    """The readable page."""
    template = environment(page.language).get_template(f"_evidence/{page.language}.html.j2")
    title = "Händelser i begäran" if page.language == "sv" else "What happened in request"
    facts = LetterFacts(
        controller=page.controller,
        reference=page.reference,
        written_on=page.written_on,
        received_on=page.received_on,
        due_on=page.due_on,
    )
    return template.render(
        language=page.language,
        subject=f"{title} {page.reference}",
        facts=facts,
        closed_on=page.closed_on,
        deadline=page.deadline,
        decisions=page.decisions,
        timeline=page.timeline,
    ).encode()


def as_json(value: object) -> bytes:
    """Readable JSON; instants and ids as text."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=_as_text) + "\n").encode()


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def verifier() -> bytes:
    """The check itself, as it is shipped."""
    return Path(evidence_verifier.__file__).read_bytes()


def manifest(files: Mapping[str, bytes], *, controller: str, request_id: str, reference: str) -> bytes:
    """What each file is; the hash of this goes into the chain."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    said = {
        "format": FORMAT, "controller": controller, "request_id": request_id, "reference": reference, "files": hashes,
    }  # fmt: skip
    return canonical_json(said) + b"\n"


def zipped(files: Mapping[str, bytes], *, at: datetime) -> bytes:
    """The pack; the same files at the same instant give the same bytes."""
    moment, out = at.astimezone(UTC), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
        for path in sorted(files):
            stamp = (max(moment.year, 1980), moment.month, moment.day, moment.hour, moment.minute, moment.second)
            entry = zipfile.ZipInfo(path, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same bytes whatever machine made them
            entry.external_attr = 0o600 << 16
            pack.writestr(entry, files[path])
    return out.getvalue()
