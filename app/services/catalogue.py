"""What people see of controllers and their processors, as plain values."""

from typing import Any

from app.domain.identity import METHODS
from app.domain.rights import RIGHTS
from app.models import ProcessorRow
from app.profiles import Profile, problems

View = dict[str, Any]

_PROTECTED = (
    "Har du skyddade personuppgifter: ring eller skriv brev, och skriv inget om skyddet i e-post. "
    "Din begäran tas om hand av särskilt utbildad personal.",
    "If your personal data is protected: call or write a letter, and do not mention the protection by e-mail. "
    "Specially trained staff will take care of your request.",
)
#: Set from the outside by column name; the limits lie together on the wire.
_LIMITS = ("rate_per_second", "burst", "concurrency")
_PLAIN = (
    "id", "key", "title", "kind", "recipient_kind", "state", "endpoint", "sandbox_service", "actions", "categories",
    "identifier_types", "after", "answer_mode", "idempotency", "contact", "country", "from_profile", "version",
    "created_at", "updated_at",
)  # fmt: skip


def processor(row: ProcessorRow) -> View:
    """A registration; whether there is a secret, never which."""
    return {name: getattr(row, name) for name in _PLAIN} | {
        "controller": row.controller_id,
        "limits": {name: getattr(row, name) for name in _LIMITS},
        "has_secret": row.secrets_sealed is not None,
    }


def controller(profile: Profile) -> View:
    return {
        "id": profile.id,
        "name": profile.controller.name.value or profile.id,
        "languages": list(profile.languages),
        "timezone": profile.timezone,
    }


def intake(profile: Profile, language: str) -> View:
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
                "needs": max(right.needs, profile.identity.needed(right.key)).key,
            }
            for right in RIGHTS.values()
        ],
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
