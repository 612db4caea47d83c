"""
The words by which reasons for an extension are read: what is no reason, and what says nothing (``extension``).

Text is read folded (:func:`folded`): without case, accents and invisible characters, and with doubled letters written
once, for that is how words are misspelt.
"""

import re
import unicodedata
from difflib import SequenceMatcher

#: How alike a long word must be to a listed one to be taken for it.
_HOW_ALIKE = 0.87
_LONG = 7


def sentences_of(text: str) -> list[list[str]]:
    """The clauses of each sentence of a text, folded, without what parts them."""
    sentences = (
        [clause for part in _PAUSES.split(sentence) if (clause := _plain(part))]
        for sentence in _STOPS.split(folded(text))
    )
    return [sentence for sentence in sentences if sentence]


def is_no_reason(clause: str) -> bool:
    """Whether a folded clause speaks of staffing, holidays, effort or a processor that is late."""
    if _NO_REASON.search(clause) or _NO_REASON.search(_joined_letters(clause)):
        return True
    return any(
        SequenceMatcher(None, word, known).ratio() >= _HOW_ALIKE
        for word in clause.split()
        if len(word) >= _LONG
        for known in _ALMOST
    )


def tells_something(word: str) -> bool:
    """Whether a folded word can be about the request in hand."""
    return (len(word) > 3 or word.isdigit()) and word not in _SAYS_NOTHING


def folded(text: str) -> str:
    """Without case, accents, invisible characters and full-width disguises: ``Hög`` and ``HOG`` are ``hog``."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in spread if unicodedata.category(one) not in ("Mn", "Cf"))


def _plain(part: str) -> str:
    return _once(re.sub(r"[^a-z0-9]+", " ", part).strip())


def _once(text: str) -> str:
    return re.sub(r"([a-z])\1+", r"\1", text)


def _joined_letters(clause: str) -> str:
    """``s e m e s t e r`` as one word."""
    return _once(re.sub(r"(?<![a-z0-9])(?:[a-z0-9] ){2,}[a-z0-9](?![a-z0-9])", lambda f: f[0].replace(" ", ""), clause))


_STOPS = re.compile(r"[!?;\n\r]|\.(?!\d)")
_PAUSES = re.compile(
    r"[.:,()]|(?<!\w)(?:och|samt|men|eftersom|darfor att|da|medan|eller|pa grund av|till foljd av"
    r"|and|but|because|since|while|as|or|due to)(?!\w)"
)

#: A regular expression a line, over folded text; a space may be missing in what is read.
_STAFFING = r"""
\w*personalbrist\w*
\w*personal brist\w*
brist p?a? ?(personal|resurser|tid|folk|handlaggare)\w*
\w*resurs ?brist\w*
\w*tidsbrist\w*
\w*underbemann\w*
\w*bemanning\w*
obemannad\w*
(for )?(fa|lite|mindre|ont om) (\w+ )?(personal\w*|medarbetare\w*|handlaggare\w*|folk|resurser)
(medarbetar|handlagg|personal|kolleg)\w* (ar|var|har varit|blev|som ar) (\w+ )?(sjuk|ledig|borta|franvarande|upptag)\w*
sjuk(franvaro|skriv|led)\w*
ar sjuk
foraldraledig\w*
vab\w*
understaf\w*
(short|under) staf\w*
staf(ing)? (shortage|problem|situation|level|isue)\w*
stafing
(lack|shortage) of (\w+ )?(staf|resources|personnel|people|time|employees)
(on )?sick leave
of sick
(to )?few (staf|people|employees|colleagues|resources)
parental leave
"""
_HOLIDAYS = r"""
jul
jul(en|ar|helg|ledig|tid|afton|dag|uppehal|stang|fir)\w*
nyar\w*
pask\w*
midsommar\w*
semest\w*
sommar(led|uppehal|stang|man|semest)\w*
ledighet\w*
(stor|lang)?helg(en|er|erna|dag\w*)?
lediga?
rod(a)? dag\w*
christmas\w*
xmas
holidays?
vacations?
anual leave
on leave
(kontor|avdelning|office|department)\w* .*(stangt?|closed|obemanna\w*)
easter
midsumer\w*
new year\w*
sumer (break|closure|months)
bank holiday\w*
days? of
"""
_EFFORT = r"""
(mycket|massor med|massor av|en del|for mycket) (\w+ )?(arbete|jobb|att gora|arende\w*)
(manga|andra|flera andra) arende\w*
(hog|stor|tung|okad) (\w+ )?(arbets)?(belastning|borda|insats|anhopning)\w*
arbets(belast|bord|anhop)\w*
arendebalans\w*
(stor|betydande|omfattande) arbetsinsats\w*
tidskravande
tar (\w+ )?tid
fullt upp
upptag(en|na)
hin(er|t|na|de) (\w+ )?inte
inte (hunit|hina|hiner)
stres\w*
work ?load\w*
busy
(too|so|very) much (\w+ )?(work|to do|effort)
(a )?lots? of (\w+ )?(work|effort)
(much|large|great|big|considerable|significant) (\w+ )?(effort|work)
time consuming
back ?log\w*
takes? (\w+ )?(\w+ )?time
pressure of work
hard work
high volume of work
"""
_LATE_PROCESSOR = r"""
(bitrade|leverantor|underleverantor)\w* (\w+ )?(har|ar) (\w+ )?(inte|anu|sen)\w*( \w+)?
vantar (\w+ )?(svar )?(\w+ )?(fran|pa) (\w+ )?(\w*bitrade|\w*leverantor)\w*
(procesor|vendor|suplier|subcontractor)s? (\w+ )?(has|have|is|are) (\w+ )?(not|late|slow|yet)\w*( \w+)?
(waiting|wait) (\w+ )?(for|on) (\w+ )?(\w+ )?(procesor|vendor|suplier|subcontractor)\w*
"""

_NO_REASON = re.compile(
    "|".join(
        f"(?<![a-z0-9]){_once(one).replace(' ', ' ?')}(?![a-z0-9])"
        for table in (_STAFFING, _HOLIDAYS, _EFFORT, _LATE_PROCESSOR)
        for one in table.strip().splitlines()
    )
)

#: Long words of the same kind, for those who write them almost right.
_ALMOST_WORDS = """
personalbrist resursbrist underbemanning underbemannade arbetsbelastning arbetsbelastningen semester semestern
semestertider julledighet sjukfranvaro sjukskrivning tidskravande understaffed understaffing christmas
holidays vacation vacations workload
"""
_ALMOST = tuple(_once(one) for one in _ALMOST_WORDS.split())

#: So many of these are no reasons.
_EMPTY_WORDS = """
begaran begara arende arendet arenden behover behovs kravs krava mera langre ytterligare extra fler manader
manad dagar veckor tiden frist fristen forlang forlanga forlangning forlangs forlangd komplex komplext
komplexa komplexitet komplicerad komplicerat svar svara svaret besvara hantera handlagga kunna kommer skulle
maste ska darfor tyvarr valdigt mycket detta denna dessa eran vara vart eder enligt artikel skal grund bra
satt  sina inte alla antal antalet uppgifter uppgifterna person gdpr  request requests need needs needed
require required requires more longer further additional extra months month  days weeks time deadline extend
extended extension complex complexity complicated answer answering respond  response handle handling will
would must should therefore unfortunately very this that these those your with  have been from article reason
reasons ground grounds number good they them there because able data
"""
_SAYS_NOTHING = frozenset(_once(one) for one in _EMPTY_WORDS.split())
