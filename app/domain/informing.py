"""
Telling people whose data came from somebody else (GDPR Art. 14): emergency contacts, referrals, bought lists.
"""

from datetime import date

from app.domain.working_days import months_later

#: Art. 14(3)(a): at the latest.
INFORM_WITHIN_MONTHS = 1


def inform_by(
    *, obtained_on: date, first_spoken_to_on: date | None = None, first_disclosed_on: date | None = None
) -> date:
    """
    The last day to tell a person that their data are held, where they come from and why (Art. 14(3)).

    A month after the data were obtained, at the first communication with the person, or when the data are first
    disclosed to somebody else: whichever comes first. No day is rolled: the period is a ceiling, not an answer's.
    """
    days = (months_later(obtained_on, INFORM_WITHIN_MONTHS), first_spoken_to_on, first_disclosed_on)
    return min(day for day in days if day is not None)
