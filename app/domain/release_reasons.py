"""Why something was left out of an answer: one code each, with its law and the words the person reads."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A reason to keep data back. ``source`` is the law as staff and letters cite it."""

    code: str
    source: str
    sv: str
    en: str

    def in_language(self, language: str) -> str:
        """The words in *language*; Swedish for any language but English."""
        return self.en if language == "en" else self.sv


REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason(
            code="rights_of_others",
            source="GDPR Art. 15(4), 20(4)",
            sv="Uppgiften handlar om någon annan än dig, eller vi kan inte se att den handlar om dig.",
            en="The information is about somebody other than you, or we cannot see that it is about you.",
        ),
        Reason(
            code="needs_higher_identity",
            source="GDPR Art. 12(6), 32(1)",
            sv="Uppgiften visar hur hemmet skyddas. Vi lämnar ut den först när du har styrkt din identitet "
            "på den högsta nivån.",
            en="The information shows how the home is protected. We hand it over only once you have proved your "
            "identity at the highest level.",
        ),
        Reason(
            code="secret",
            source="GDPR Art. 5(1)(f), 32(1)",
            sv="Ett lösenord, en kod eller ett kodord finns sparat. Själva hemligheten lämnas aldrig ut.",
            en="A password, a code or a code word is stored. The secret itself is never handed out.",
        ),
        Reason(
            code="voice_of_others",
            source="GDPR Art. 15(4), 20(4)",
            sv="Det som en annan privatperson sade i samtalet, eller som vi inte vet vem som sade, är borttaget.",
            en="What another private person said in the call, or what nobody can be named for, has been removed.",
        ),
        Reason(
            code="employee_name",
            source="GDPR Art. 15(4); C-579/21",
            sv="Vad våra anställda sade finns med, men inte vilka de är.",
            en="What our employees said is included, but not who they are.",
        ),
        Reason(
            code="sound",
            source="GDPR Art. 15(3)-(4)",
            sv="Samtalet lämnas ut som utskrift. Ljudet och uppgifter om andra i samtalet är inte med.",
            en="The call is given as a transcript. The sound and details of others in the call are not included.",
        ),
        Reason(
            code="needs_masking",
            source="GDPR Art. 15(4), 20(4)",
            sv="Bild, film eller ljud kan visa andra människor. Det lämnas ut först när de har gjorts oigenkännliga.",
            en="Pictures, film or sound may show other people. They leave only once those have been made "
            "unrecognisable.",
        ),
        Reason(
            code="offence",
            source="GDPR Art. 10, 15(4)",
            sv="Uppgiften rör en misstanke om brott. En människa måste granska den innan den kan lämnas ut.",
            en="The information concerns a suspected offence. A person must review it before it can be handed out.",
        ),
        Reason(
            code="unknown_class",
            source="GDPR Art. 32(1)",
            sv="Vi har inte bedömt hur känslig uppgiften är. En människa måste granska den först.",
            en="We have not assessed how sensitive the information is. A person must review it first.",
        ),
        Reason(
            code="forwarded",
            source="GDPR Art. 28(3)(e)",
            sv="Uppgifterna har vi för någon annans räkning. Den delen av din begäran har skickats vidare dit, eller "
            "skickas dit så snart vi vet vem det är.",
            en="We hold this information on somebody else's behalf. That part of your request has been passed on to "
            "them, or will be as soon as we know who they are.",
        ),
        Reason(
            code="malformed",
            source="GDPR Art. 32(1)",
            sv="Uppgiften kom till oss i ett skick som inte går att granska.",
            en="The information reached us in a form that cannot be reviewed.",
        ),
    )
}
