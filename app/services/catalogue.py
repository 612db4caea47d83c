"""What people see of controllers and their processors, as plain values."""

from collections.abc import Sequence
from typing import Any

from app.db import Tx
from app.domain.identity import METHODS, Level, methods_for
from app.domain.rights import RIGHTS
from app.models import LaneRow, ProcessorRow
from app.profiles import Profile, problems
from app.repositories import lane_state
from app.services import lane_health, processor_secrets, registration
from app.services.context import Context
from app.services.protecting import needed_for

View = dict[str, Any]

_PROTECTED = (
    "Har du skyddade personuppgifter: ring eller skriv brev, och skriv inget om skyddet i e-post. "
    "Din begäran tas om hand av särskilt utbildad personal.",
    "If your personal data is protected: call or write a letter, and do not mention the protection by e-mail. "
    "Specially trained staff will take care of your request.",
)
#: A controller's wish about the form of a request. Nothing waits for it: GDPR Art. 12(2), F11.
_FORMS: dict[str, tuple[str, str]] = {
    "any_channel": (
        "Skriv, ring, kom hit eller logga in. Det behövs ingen blankett och ingen namnteckning.",
        "Write, call, come by or log in. No form and no signature is needed.",
    ),
    "email_or_post": (
        "Bolaget ser helst att du skriver med e-post eller brev. Alla andra sätt går lika bra, och det behövs ingen "
        "blankett och ingen namnteckning.",
        "The company would like you to write by e-mail or post. Every other way is as good, and no form and no "
        "signature is needed.",
    ),
    "written_signed_paper": (
        "Bolaget ser helst en skriftlig, undertecknad begäran på papper. Det är ett önskemål: alla andra sätt går lika "
        "bra, och det behövs ingen namnteckning.",
        "The company would like a written, signed request on paper. That is a wish: every other way is as good, and "
        "no signature is needed.",
    ),
}
#: Set from the outside by column name; the limits lie together on the wire.
_LIMITS = ("rate_per_second", "burst", "concurrency")
_PLAIN = (
    "id", "key", "title", "kind", "recipient_kind", "state", "endpoint", "sandbox_service", "actions", "categories",
    "identifier_types", "after", "answer_mode", "idempotency", "contact", "country", "from_profile", "version",
    "created_at", "updated_at", "settings", "secret_names",
)  # fmt: skip


def processor(row: ProcessorRow, lane: LaneRow | None = None) -> View:
    """A registration, and how its lane stands; whether there is a secret, never which."""
    shown = {"lane": lane_health.view(lane)} if lane is not None else {}
    quota = {"quota": list(row.quota)} if row.quota else {}
    return {name: getattr(row, name) for name in _PLAIN} | {
        "controller": row.controller_id,
        "limits": {name: getattr(row, name) for name in _LIMITS} | quota,
        "has_secret": row.secrets_sealed is not None,
        "secrets": processor_secrets.facts(row),
        **shown,
    }


async def processors(tx: Tx, rows: Sequence[ProcessorRow]) -> list[View]:
    """Registrations, each with its lane."""
    lanes = await lane_state.of(tx, [row.id for row in rows])
    return [processor(row, lanes[row.id]) for row in rows]


async def processor_and_lane(tx: Tx, row: ProcessorRow) -> View:
    """One registration with its lane."""
    (view,) = await processors(tx, [row])
    return view


async def whole(tx: Tx, ctx: Context, row: ProcessorRow, language: str) -> View:
    """One registration with its lane, and with everything that keeps it from being switched on."""
    lacking = registration.lacking(ctx, row)
    said = [{"pointer": one.pointer, "code": one.word, "detail": one.said(language)} for one in lacking]
    return await processor_and_lane(tx, row) | {"lacking": said}


def controller(profile: Profile) -> View:
    return {
        "id": profile.id,
        "name": profile.controller.name.value or profile.id,
        "languages": list(profile.languages),
        "timezone": profile.timezone,
    }


def intake(ctx: Context, profile: Profile, language: str) -> View:
    """What a person can do here. All nine rights, whatever the policy mentions."""
    return {
        "controller": profile.id,
        "name": profile.controller.name.value or profile.id,
        "contact": profile.controller.dsr_contact.value,
        "dpo": profile.controller.dpo.value,
        "authority": profile.authority,
        "languages": list(profile.languages),
        "rights": [
            {
                "right": right.key,
                "source": right.source,
                "needs": (level := needed_for(ctx, profile.id, right.key)).key,
                "identity_methods": list(methods_for(level)) if level > Level.NONE else [],
            }
            for right in RIGHTS.values()
        ],
        "form": {
            "preference": profile.request_form_preference.value,
            "text": _FORMS[profile.request_form_preference.value][1 if language == "en" else 0],
        },
        "identity_methods": list(METHODS),
        "protected_identity": _PROTECTED[1 if language == "en" else 0],
    }


def profile_problems(profile: Profile, language: str) -> list[View]:
    return [
        {
            "code": one.code,
            "path": one.path,
            "severity": one.severity,
            "text": one.text(language),
            "law": one.law,
            "tension": one.tension,
        }
        for one in problems(profile)
    ]
