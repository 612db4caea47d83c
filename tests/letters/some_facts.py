"""Facts of a case for letters, whole; tests take parts away."""

from dataclasses import replace
from datetime import date
from typing import Any

from app.domain.rights import RIGHTS
from app.letters.facts import (
    ClaimFacts,
    ControllerFacts,
    ExtensionFacts,
    ForwardingFacts,
    GroundFacts,
    LetterFacts,
    LiftingFacts,
    NoticeFacts,
    PackageFacts,
    QuestionFacts,
    RestrictedFacts,
    ResultFacts,
    Retained,
    ToldFacts,
)
from app.letters.record_facts import FactLine, FeeFacts, RecordFacts, RestrictionFacts, ReviewFacts

ON = date(2026, 4, 2)
CONTROLLER = ControllerFacts(
    name="Exempellarm AB",
    org_number="559999-0001",
    address="Exempelvägen 1, 999 01 Provstad",
    contact="integritet@example.com",
    dpo="dso@example.com",
)
GROUND = GroundFacts(source="GDPR Art. 15(4)", text="Kopian skulle skada andras rättigheter och friheter")
KEPT = Retained(category_title="Fakturor", law="BFL_7_2", until=date(2033, 12, 31))

EXTENSION = ExtensionFacts(
    ground=GroundFacts(source="GDPR Art. 12(3)", text="Din begäran är komplicerad att besvara"),
    reasons="Begäran rör fjorton anläggningar under nio år.",
    before=date(2026, 4, 16),
    until=date(2026, 6, 16),
    reckoning=("Fristen är förlängd till tre månader från den dag begäran kom in.",),
)
QUESTION = QuestionFacts(
    kind="identity",
    reason=GroundFacts(source="GDPR Art. 12(6)", text="Begäran kom på en väg som även andra kan ha tillgång till"),
    text="Visa på ett av sätten att det är du som har skickat begäran.",
    stops=True,
)
TOLD = (ToldFacts(name="Polisen", state="sent"), ToldFacts(name="Exempelfaktura AB", state="confirmed"))
CONTESTED = GroundFacts(source="GDPR Art. 18(1)(a)", text="Du har sagt att uppgifterna är fel, och vi kontrollerar dem")
RESTRICTED = RestrictedFacts(ground=CONTESTED, since=ON, categories=("Kontaktuppgifter",))
LIFTING = LiftingFacts(
    ground=CONTESTED,
    ended="Vi har kontrollerat uppgifterna och de stämmer.",
    outcome="Adressen stämmer med folkbokföringen.",
    lifting_on=date(2026, 4, 10),
    then="Vi använder adressen igen för fakturor.",
    categories=("Kontaktuppgifter",),
)
NOTICE = NoticeFacts(
    recipient="Polisen",
    action="rectify",
    identified_by=(("customer_number", "k-10023"),),
    on=ON,
    answer_by=date(2026, 4, 10),
    changes=(("email", "ny@example.org"),),
)
FORWARDING = ForwardingFacts(
    to_name="Bostadsbolaget Exempel AB",
    to_contact="dso@example.org",
    for_whom="Kunden som har beställt bevakningen",
    categories=("Position från personlarm",),
    own_categories=("Inspelade samtal i larmcentralen",),
    rights=("Tillgång till sina uppgifter (registerutdrag)",),
    received_on=date(2026, 3, 16),
    forwarded_on=date(2026, 3, 17),
    controller_due_on=date(2026, 4, 16),
    channel="letter",
    message="Jag vill veta vad ni har om mig.",
    identifiers=(("name", "eva exempel"),),
    contact=(("email", "eva@example.org"),),
    searched=("Larmcentralens produktionssystem",),
)


def result(recipient: str = "Exempelfaktura AB", **changes: Any) -> ResultFacts:
    facts: dict[str, Any] = {"action": "export", "outcome": "completed", "on": ON, "categories": ("Fakturor",)}
    return ResultFacts(recipient=recipient, **facts | changes)


def granted(right: str, **changes: Any) -> ClaimFacts:
    """A claim that was carried out by one recipient."""
    claim = ClaimFacts(
        right=right,
        outcome="granted",
        results=(result(action=RIGHTS[right].action.value),),
        changed=("telefonnummer",),
        purposes=("nyhetsbrev",),
        record=RecordFacts(
            restriction=RestrictionFacts(
                letter="a",
                ground="du bestrider att uppgifterna är riktiga",
                ends="vi har kontrollerat om uppgifterna är riktiga",
            ),
            review=ReviewFacts(
                reviewer="1f3c0a2b",
                new_decision="Avtalet beviljas utan deposition.",
                why="Kreditvärdet var hämtat för fel person.",
            ),
            withdrawn_on=date(2026, 3, 16),
        ),
        reasons="En handläggare har gått igenom beslutet och ändrat det." if right == "automated_decision" else None,
        recipients_told=TOLD if RIGHTS[right].tells_recipients else (),
        restricted=RESTRICTED if right == "restriction" else None,
    )
    return replace(claim, **changes)


def refused(right: str, **changes: Any) -> ClaimFacts:
    claim = ClaimFacts(
        right=right, outcome="refused", ground=GROUND, reasons="Inspelningen visar bara andra människor än dig."
    )
    return replace(claim, **changes)


def facts(*claims: ClaimFacts, **changes: Any) -> LetterFacts:
    whole = LetterFacts(
        controller=CONTROLLER,
        reference="INS-2026-ABC234",
        written_on=ON,
        received_on=date(2026, 3, 16),
        due_on=date(2026, 4, 16),
        deadline=("Din begäran kom in måndagen den 16 mars 2026.",),
        claims=claims,
        freeze=True,
        package=PackageFacts(available=True, expires_on=date(2026, 5, 2)),
        identity_wanted=True,
        identity_methods=("e_id", "one_time_code"),
        helps_finding=("customer_number", "date_and_time"),
        searched=("Exempelfaktura AB", "Exempelväkt AB"),
        searched_with=("personnummer", "email"),
        extension=EXTENSION,
        question=QUESTION,
        wait_until="4 april 2026 kl. 14:05",
        lifting=LIFTING,
        notice=NOTICE,
        forwarding=FORWARDING,
    )
    return replace(whole, **changes)


FEE = RecordFacts(
    evidence=(FactLine(on=date(2026, 1, 12), what="Samma kopia lämnades ut."),),
    fee=FeeFacts(
        amount="250 kr",
        source="GDPR Art. 12(5)(a)",
        text="Begäran är orimlig",
        reason="En halvtimmes arbete med att göra kopian en gång till.",
        told_on=ON,
    ),
)


#: One claim that the letter of that kind speaks of.
CLAIM_FOR: dict[str, ClaimFacts] = {
    "receipt": ClaimFacts(right="access"),
    "fulfilment": granted("access"),
    "refusal": refused("access"),
    "not_identified": ClaimFacts(right="access", outcome="not_identified"),
    "withdrawal": ClaimFacts(right="access", outcome="withdrawn"),
    "nothing_held": ClaimFacts(right="access", outcome="nothing_held", results=(result(outcome="not_found"),)),
    "extension": ClaimFacts(right="access"),
    "identity_wanted": ClaimFacts(right="access"),
    "clarification": ClaimFacts(right="access"),
    "fee": ClaimFacts(right="access", record=FEE),
    "kept_erased": granted("erasure"),
    "cooling_off_notice": ClaimFacts(right="erasure"),
    "stopped": ClaimFacts(right="erasure"),
    "restriction_lifting": granted("restriction"),
    "recipients_notice": granted("rectification"),
    "forwarding": ClaimFacts(right="access"),
    "forwarding_controller": ClaimFacts(right="access"),
}


def facts_for(kind: str, **changes: Any) -> LetterFacts:
    """Everything a letter of *kind* needs."""
    return facts(CLAIM_FOR[kind], **changes)
