"""
Hold codes: the laws that keep data alive against an erasure (GDPR Art. 17(3)).

A certificate, a norm or an insurer's wish is none of these: Art. 17(3)(b) needs Union or Member State law.
"""

HOLDS = frozenset(
    {
        "BFL_7_2",  # bokföringslagen (1999:1078) 7 kap. 2 §
        "CLAIM_OWN",  # preskriptionslagen (1981:130) 2 §: the company's claim
        "CLAIM_AGAINST",  # the same: a concrete claim on the company
        "CRIME_REPORT",  # an investigation of one event, Art. 17(3)(e)
        "SOS_1981_1104",  # recording permit for emergency calls
        "LEK_2022_482",  # lagen (2022:482) om elektronisk kommunikation
        "DSL_5",  # dataskyddslagen (2018:218) 5 kap.
    }
)
