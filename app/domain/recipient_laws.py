"""
The laws a recipient may say it keeps something by, in its own words (Swedish, English).

Whoever is asked reads them on the page of a mailed task and at a processor's desk. Which of them reach, the controller
decides (GDPR Art. 17(3)).
"""

from collections.abc import Mapping

LAW_NAMES: Mapping[str, tuple[str, str]] = {
    "BFL_7_2": (
        "Bokföringslagen 7 kap. 2 § (räkenskapsinformation)",
        "Bookkeeping Act, ch. 7 s. 2 (accounting records)",
    ),
    "CLAIM_OWN": (
        "Egen fordran på personen (preskriptionslagen)",
        "A claim of your own on the person (Limitations Act)",
    ),
    "CLAIM_AGAINST": ("Ett krav som personen har riktat mot er", "A claim that the person has made against you"),
    "CRIME_REPORT": ("En pågående brottsutredning", "A criminal investigation that is under way"),
    "SOS_1981_1104": (
        "Tillståndet att spela in nödsamtal (1981:1104)",
        "The permit to record emergency calls (1981:1104)",
    ),
    "LEK_2022_482": ("Lagen om elektronisk kommunikation (2022:482)", "Electronic Communications Act (2022:482)"),
}
