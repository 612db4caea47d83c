"""
Why data are erased (GDPR Art. 17(1)) and why they are not (Art. 17(3), or no ground at all), as two tables.

Each is decided for one category of data, never for a person as a whole (R17-1).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ErasureGround:
    """One of the grounds (a)-(f) on which data must be erased, and what has to be true for it."""

    key: str
    source: str
    sv: str
    en: str
    true_when: str
    needs_reason: bool = False


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A reason to keep data against a request; ``holds`` are the codes of :mod:`app.domain.holds` it rests on."""

    key: str
    source: str
    sv: str
    en: str
    holds: frozenset[str] = field(default_factory=frozenset)


GROUNDS: dict[str, ErasureGround] = {
    one.key: one
    for one in (
        ErasureGround(
            key="not_necessary",
            source="GDPR Art. 17(1)(a)",
            sv="Uppgifterna behövs inte längre för det de samlades in för",
            en="The data are no longer needed for what they were collected for",
            true_when="the purpose is over; data of a running contract that the contract needs are not",
        ),
        ErasureGround(
            key="consent_withdrawn",
            source="GDPR Art. 17(1)(b)",
            sv="Du vill inte längre samtycka, och det finns ingen annan rättslig grund",
            en="You no longer consent, and there is no other legal basis",
            true_when="consent is the only basis; asking for erasure is read as withdrawing it",
        ),
        ErasureGround(
            key="objection",
            source="GDPR Art. 17(1)(c)",
            sv="Du har invänt mot att uppgifterna används",
            en="You have objected to the use of the data",
            true_when="marketing, or a legitimate interest after an objection that was granted (R21-4)",
        ),
        ErasureGround(
            key="unlawful",
            source="GDPR Art. 17(1)(d)",
            sv="Uppgifterna har behandlats utan stöd i lag",
            en="The data have been processed unlawfully",
            true_when="there never was a legal basis, or the storage period was overrun",
            needs_reason=True,
        ),
        ErasureGround(
            key="duty_to_erase",
            source="GDPR Art. 17(1)(e)",
            sv="En lag kräver att uppgifterna raderas",
            en="A law demands that the data are erased",
            true_when="Union or Swedish law that binds the controller says so; the reason names it",
            needs_reason=True,
        ),
        ErasureGround(
            key="child_service",
            source="GDPR Art. 17(1)(f)",
            sv="Uppgifterna samlades in när en nättjänst erbjöds ett barn",
            en="The data were collected when an online service was offered to a child",
            true_when="an information society service under Art. 8(1)",
            needs_reason=True,
        ),
    )
}

STILL_NECESSARY = "still_necessary"
LEGAL_OBLIGATION = "legal_obligation"
LEGAL_CLAIMS = "legal_claims"

EXEMPTIONS: dict[str, Exemption] = {
    one.key: one
    for one in (
        Exemption(
            key="freedom_of_expression",
            source="GDPR Art. 17(3)(a)",
            sv="Uppgifterna behövs för yttrande- och informationsfriheten",
            en="The data are needed for freedom of expression and information",
        ),
        Exemption(
            key=LEGAL_OBLIGATION,
            source="GDPR Art. 17(3)(b)",
            sv="Lag kräver att uppgifterna sparas",
            en="The law demands that the data are kept",
            holds=frozenset({"BFL_7_2", "SOS_1981_1104", "LEK_2022_482"}),
        ),
        Exemption(
            key="public_health",
            source="GDPR Art. 17(3)(c)",
            sv="Uppgifterna behövs för folkhälsan",
            en="The data are needed for public health",
        ),
        Exemption(
            key="archiving",
            source="GDPR Art. 17(3)(d)",
            sv="Uppgifterna behövs för arkivändamål av allmänt intresse, forskning eller statistik",
            en="The data are needed for archiving in the public interest, research or statistics",
        ),
        Exemption(
            key=LEGAL_CLAIMS,
            source="GDPR Art. 17(3)(e)",
            sv="Uppgifterna behövs för ett bestämt rättsligt anspråk",
            en="The data are needed for a concrete legal claim",
            holds=frozenset({"CLAIM_OWN", "CLAIM_AGAINST", "CRIME_REPORT"}),
        ),
        Exemption(
            key=STILL_NECESSARY,
            source="GDPR Art. 17(1)",
            sv="Inget av skälen för radering finns: uppgifterna behövs fortfarande",
            en="None of the grounds for erasure applies: the data are still needed",
        ),
    )
}

#: What may keep data without a known last day; each is looked at again on a stated day.
CONDITIONS = frozenset({"contract_runs", "dispute", "crime_case_open", "permit", "other"})
