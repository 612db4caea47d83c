"""
What must be told about the processing itself (GDPR Art. 15(1)(a)-(h), 15(2)), per category and for this very person.

Three sources, in this order of trust: what recipients answered about the person, what the controller has settled
(:mod:`app.services.supplements`), what its policy says. What nobody has said is missing, and the answer waits for it;
nothing is made up to fill a field.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain.completeness import OF_CATEGORY, Missing, Piece, Said, missing, path_of
from app.letters.package_facts import ProcessingInformation, Title, Told
from app.letters.processing_text import BASES, say_retention
from app.letters.words import Language, day, say
from app.models import ProcessorRow
from app.profiles import Category, Profile
from app.profiles.facts import Gap, Recipient
from app.services.supplements import Supplement


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """That data were handed to somebody, as a processor's answer tells."""

    to: str
    on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """
    What recipients answered about one category of this person's data.

    ``holders`` are the ids of recipients (not the controller's own systems) that hold it, ``disclosed`` to whom they
    say that they handed it.
    """

    holders: Mapping[str, date | None] = field(default_factory=dict)
    disclosed: tuple[Disclosed, ...] = ()


def title_of(category: Category) -> Title:
    return Title(sv=category.title.sv, en=category.title.en)


def recipient_title(profile: Profile, processor: ProcessorRow, language: Language) -> str:
    """What a recipient is called in the person's language; one the profile does not know has its registered name."""
    system = next((one for one in profile.systems if one.id == processor.key), None)
    return processor.title if system is None else system.title.in_language(language)


class Informer:
    """Tells what there is to tell about a controller's processing, in one language."""

    def __init__(
        self,
        profile: Profile,
        supplements: Mapping[str, Supplement],
        language: Language,
        *,
        strangers: Collection[str] = (),
    ) -> None:
        """*strangers* are recipients that were asked and know nothing of the person: not this person's recipients."""
        self._profile, self._supplements, self._language = profile, supplements, language
        self._strangers = frozenset(strangers)

    def missing(self, held: Mapping[str, Held]) -> tuple[Missing, ...]:
        """What is still to be said before an answer about these categories may leave."""
        return missing({category: self._pieces(category, one) for category, one in held.items()})

    def about(self, held: Mapping[str, Held]) -> tuple[ProcessingInformation, ...]:
        """What is told of each of these categories, in their order; call only where nothing is missing."""
        return tuple(self._about(category, one) for category, one in held.items())

    def automated_decisions(self) -> Told:
        """GDPR Art. 15(1)(h)."""
        said = self._said_whole(Piece.AUTOMATED_DECISIONS)
        return self._told(said, "automated_decisions", None)

    def _about(self, category_id: str, held: Held) -> ProcessingInformation:
        category = self._profile.category(category_id)
        pieces = self._pieces(category_id, held)
        gaps = {Piece.RETENTION: category.retention.gap, Piece.SOURCE: category.source.gap}
        transfers = self._profile.transfers
        told = {
            piece: self._told(pieces[piece], path_of(category_id, piece), self._words(gaps.get(piece)))
            for piece in OF_CATEGORY
        }
        return ProcessingInformation(
            category=category_id,
            title=category.title.in_language(self._language),
            purposes=told[Piece.PURPOSES],
            legal_bases=self._bases(category),
            recipients=told[Piece.RECIPIENTS],
            retention=told[Piece.RETENTION],
            source=told[Piece.SOURCE],
            transfers=self._told(
                pieces[Piece.TRANSFERS],
                Piece.TRANSFERS.value,
                self._words(transfers.gap if transfers is not None else None),
            ),
        )

    def _pieces(self, category_id: str, held: Held) -> dict[Piece, Said]:
        category = self._profile.category(category_id)
        return {
            Piece.PURPOSES: self._or_settled(category_id, Piece.PURPOSES, self._purposes(category)),
            Piece.RECIPIENTS: self._recipients(category_id, held),
            Piece.RETENTION: self._or_settled(category_id, Piece.RETENTION, self._retention(category)),
            Piece.SOURCE: self._or_settled(
                category_id,
                Piece.SOURCE,
                [category.source.text.in_language(self._language)] if category.source.text else [],
            ),
            Piece.TRANSFERS: self._said_whole(Piece.TRANSFERS),
            Piece.AUTOMATED_DECISIONS: self._said_whole(Piece.AUTOMATED_DECISIONS),
        }

    def _or_settled(self, category: str, piece: Piece, policy: Sequence[str]) -> Said:
        settled = self._supplements.get(path_of(category, piece))
        return Said(texts=(settled.in_language(self._language),) if settled else tuple(policy))

    def _said_whole(self, piece: Piece) -> Said:
        """What holds for the controller as a whole: transfers, automated decisions."""
        if (settled := self._supplements.get(piece.value)) is not None:
            return Said(texts=(settled.in_language(self._language),))
        transfers = self._profile.transfers
        stated = transfers.value if piece is Piece.TRANSFERS and transfers is not None else None
        return Said(texts=(stated,) if stated else ())

    def _purposes(self, category: Category) -> list[str]:
        known = {purpose.id: purpose for purpose in self._profile.purposes}
        return [known[one].in_language(self._language) for one in category.purposes]

    def _retention(self, category: Category) -> list[str]:
        rule = category.retention.parsed
        if rule is None or (rule.archives and category.retention.gap is not None):
            return []  # an archive without an end is neither a period nor a criterion (R15-4)
        return [say_retention(rule, self._language)]

    def _bases(self, category: Category) -> Told:
        path = f"categories.{category.id}.legal_bases"
        bases = [say(BASES, basis, self._language) for basis in category.legal_bases.values]
        if (settled := self._supplements.get(path)) is not None:
            codes = [say(BASES, basis, self._language) for basis in settled.codes]
            return self._told(Said(texts=(*codes, settled.in_language(self._language))), path, None)
        return Told(said=tuple(bases), gap=self._words(category.legal_bases.gap))

    # --- recipients, by name (C-154/21) ------------------------------------------------------------------------------

    def _recipients(self, category: str, held: Held) -> Said:
        texts = [self._holder(one, on) for one, on in held.holders.items()]
        texts += [f"{one.to}{', ' + day(one.on, self._language) if one.on else ''}" for one in held.disclosed]
        if (settled := self._supplements.get(path_of(category, Piece.RECIPIENTS))) is not None:
            return Said(texts=(*texts, settled.in_language(self._language)))
        lacks = []
        for one in self._profile.recipients:
            text = self._named(one)
            if one.id in held.holders:
                lacks += [] if text else [f"recipients.{one.id}"]  # whoever has them is told by name, not by kind
                continue
            if not self._may_have(one, category):
                continue
            texts += [text] if text else []
            lacks += [] if text else [f"recipients.{one.id}"]
        whole = self._supplements.get("recipient_list")
        if whole is not None:
            texts.append(whole.in_language(self._language))
        elif self._profile.recipient_list.gap is not None or not texts:
            lacks.append("recipient_list")
        return Said(texts=tuple(texts), lacks=tuple(lacks))

    def _may_have(self, recipient: Recipient, category: str) -> bool:
        """
        Whether the category may have gone there: its systems are wired for it, or nobody knows what they hold.

        An assumption says whom to ask; it settles nothing in the answer (GDPR Art. 15(1)(c)).
        """
        if not recipient.current or recipient.id in self._strangers:
            return False
        wired = [system for system in self._profile.systems if system.recipient == recipient.id]
        known = [system for system in wired if system.assumption is None]
        return not known or any(category in system.categories for system in wired)

    def _named(self, recipient: Recipient) -> str | None:
        does = recipient.does.in_language(self._language)
        if (settled := self._supplements.get(f"recipients.{recipient.id}")) is not None:
            return f"{settled.in_language(self._language)} ({does})"
        return f"{recipient.name} ({does})" if recipient.named else None

    def _holder(self, recipient_id: str, on: date | None) -> str:
        recipient = next((one for one in self._profile.recipients if one.id == recipient_id), None)
        name = recipient_id if recipient is None else self._named(recipient) or recipient.name
        if on is None:
            return name
        when = day(on, self._language)
        return (
            f"{name}; har uppgifter om dig den {when}"
            if self._language == "sv"
            else (f"{name}; holds data about you on {when}")
        )

    # --- words -------------------------------------------------------------------------------------------------------

    def _told(self, said: Said, path: str, gap: str | None) -> Told:
        settled = self._supplements.get(path)
        if settled is None:
            return Told(said=said.texts, gap=gap)
        name = self._profile.controller.name.value or self._profile.id
        when = day(settled.settled_on, self._language)
        stated = f"besked från {name} den {when}" if self._language == "sv" else f"stated by {name} on {when}"
        return Told(said=said.texts, stated=stated)

    def _words(self, gap: Gap | None) -> str | None:
        return None if gap is None else gap.in_language(self._language)
