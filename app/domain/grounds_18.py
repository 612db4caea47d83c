"""The four grounds on which data are kept but not used, GDPR Art. 18(1): in words, and how each ends."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ground18:
    """A ground of Art. 18(1): what it is, and until when a restriction on it lasts."""

    sv: str
    en: str
    ends_sv: str
    ends_en: str


GROUNDS_18: dict[str, Ground18] = {
    "a": Ground18(
        sv="du bestrider att uppgifterna är riktiga",
        en="you contest that the data are accurate",
        ends_sv="vi har kontrollerat om uppgifterna är riktiga",
        ends_en="we have checked whether the data are accurate",
    ),
    "b": Ground18(
        sv="behandlingen är olaglig och du vill att uppgifterna sparas i stället för att raderas",
        en="the processing is unlawful and you want the data kept instead of erased",
        ends_sv="du säger till att uppgifterna får raderas eller användas",
        ends_en="you tell us that the data may be erased or used",
    ),
    "c": Ground18(
        sv="du behöver uppgifterna för ett rättsligt anspråk fast vi inte längre behöver dem",
        en="you need the data for a legal claim although we no longer do",
        ends_sv="ditt anspråk är avgjort eller du säger till att uppgifterna inte behövs",
        ends_en="your claim is settled or you tell us that the data are not needed",
    ),
    "d": Ground18(
        sv="du har invänt mot behandlingen och det är inte avgjort vems skäl som väger tyngst",
        en="you have objected to the processing and it is not settled whose grounds weigh more",
        ends_sv="din invändning är avgjord",
        ends_en="your objection is settled",
    ),
}
