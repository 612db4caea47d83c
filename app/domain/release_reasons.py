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
            sv="Vad anställda och väktare gjorde och sade finns med, och när, men inte vilka de är.",
            en="What employees and guards did and said is included, and when, but not who they are.",
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
            code="summary_only",
            source="GDPR Art. 15(3), 15(4)",
            sv="Av samtalet finns bara en sammanfattning, och den räcker inte. Det lämnas ut som full utskrift eller "
            "ljud.",
            en="There is only a summary of the call, and that is not enough. It is given as a full transcript or as "
            "sound.",
        ),
        Reason(
            code="place",
            source="GDPR Art. 5(1)(f), 32(1)",
            sv="Uppgiften kan visa var någon bor eller finns och lämnas inte ut på det här sättet.",
            en="The information may show where somebody lives or is, and is not given out in this way.",
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
        # What a member of staff may keep back beyond the rules, and what Art. 20 does not reach.
        Reason(
            code="others_freedoms",
            source="GDPR Art. 15(4), 20(4)",
            sv="Vi har granskat uppgiften: att lämna ut den skulle skada någon annans rättigheter och friheter.",
            en="We have reviewed the information: handing it over would harm somebody else's rights and freedoms.",
        ),
        Reason(
            code="secrecy",
            source="dataskyddslagen (2018:218) 5 kap. 1 §",
            sv="Uppgiften får enligt lag inte lämnas ut till dig.",
            en="The law forbids handing the information over to you.",
        ),
        Reason(
            code="working_notes",
            source="dataskyddslagen (2018:218) 5 kap. 2 §",
            sv="Uppgiften står i löpande text som inte är färdig, eller i en minnesanteckning som inte har lämnats "
            "till någon annan.",
            en="The information is in running text that is not finished, or in a note for memory that nobody else "
            "has been given.",
        ),
        Reason(
            code="not_about_you",
            source="GDPR Art. 4(1), 15(1)",
            sv="Vi har granskat uppgiften: den handlar inte om dig.",
            en="We have reviewed the information: it is not about you.",
        ),
        Reason(
            code="not_portable",
            source="GDPR Art. 20(1)",
            sv="Uppgiften omfattas inte av rätten att flytta uppgifter: den vilar inte på samtycke eller avtal, "
            "eller så har du inte lämnat den.",
            en="The information is not covered by the right to take data along: it does not rest on consent or "
            "contract, or was not provided by you.",
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
