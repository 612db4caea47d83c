"""Every step of the audit chain in plain words, as an authority reads it; the person's own timeline says less."""

from app.letters.words import LANGUAGES, Language, Words

STEPS: Words = {
    "request:received": ("Begäran kom in.", "The request was received."),
    "request:classified": (
        "En handläggare angav vilka rättigheter begäran gäller.",
        "Staff said which rights it invokes.",
    ),
    "request:identity_asked": ("Den som begärde ombads styrka sin identitet.", "Proof of identity was asked for."),
    "request:identity_proven": ("Identiteten styrktes.", "Identity was proven."),
    "request:identity_refused": ("Identiteten kunde inte styrkas.", "Identity could not be proven."),
    "request:assessment_begun": ("Bedömningen började.", "The assessment began."),
    "request:clarification_asked": ("Ett förtydligande begärdes.", "A clarification was asked for."),
    "request:clarified": ("Ett förtydligande kom in.", "A clarification was received."),
    "request:execution_begun": ("Verkställandet började.", "Carrying out began."),
    "request:answer_begun": ("Arbetet med svaret började.", "Work on the answer began."),
    "request:extended": ("Fristen förlängdes.", "The period was extended."),
    "request:extension_lapsed": (
        "En förlängning gällde inte: beskedet hann inte ut före sista dagen.",
        "An extension did not count: it was not told before the due date.",
    ),
    "request:deadline_moved": ("Sista dagen för svar räknades om.", "The due date was reckoned anew."),
    "request:later_date_possible": (
        "En senare sista dag blev möjlig; ingen har bestämt den.",
        "A later due date became possible; nobody has settled on it.",
    ),
    "request:due_soon": ("En påminnelse: sista dagen närmar sig.", "A reminder: the due date is near."),
    "request:overdue": ("Sista dagen passerades utan svar.", "The due date passed without an answer."),
    "request:refusal_late": (
        "Ett nej lämnades mer än en månad efter att begäran kom in.",
        "A no was told more than a month after receipt.",
    ),
    "request:assigned": ("Begäran fick en handläggare.", "The request was assigned."),
    "request:noted": ("En anteckning gjordes.", "A note was made."),
    "request:attached": ("En handling lades till.", "A document was attached."),
    "request:protected": ("Hanteringen ändrades till skyddad.", "Handling was changed to protected."),
    "request:forwarded": ("Begäran lämnades vidare.", "The request was forwarded."),
    "forwarding:opened": (
        "En del av begäran visade sig höra till en annan ansvarig.",
        "A part of the request was found to belong to another controller.",
    ),
    "forwarding:confirmed": (
        "Den andra ansvariga bekräftade att begäran kommit fram.",
        "The other controller confirmed that it has the request.",
    ),
    "request:stopped": (
        "Någon sa att begäran inte var deras, och den stoppades.",
        "Somebody said that the request was not theirs, and it was stopped.",
    ),
    "request:stop_settled": ("En handläggare avgjorde stoppet.", "Staff settled the stop."),
    "request:cooling_begun": (
        "Väntetiden började för det som inte går att ångra.",
        "The wait began for what cannot be undone.",
    ),
    "request:contact_changed": (
        "En kontaktuppgift ändrades, och den som äger den fick veta det på kända adresser.",
        "A contact detail was changed, and its owner was told at the known addresses.",
    ),
    "request:code_made": ("En engångskod gjordes.", "A one-time code was made."),
    "request:code_tried": ("En engångskod prövades.", "A one-time code was tried."),
    "request:more_told": (
        "Fler uppgifter att söka med lämnades.",
        "More details to search with were given.",
    ),
    "request:withdrawn": ("Begäran togs tillbaka, helt eller delvis.", "The request was withdrawn, whole or in part."),
    "request:closed": ("Begäran avslutades.", "The request was closed."),
    "request:read": ("En handläggare läste begäran.", "Staff read the request."),
    "request:found": ("Begäran hittades vid en sökning.", "The request was found by a search."),
    "request:erased": ("Ärendet gallrades.", "The case file was erased."),
    "audit:read": ("Spårloggen lästes.", "The audit chain was read."),
    "audit:exported": ("Spårloggen exporterades.", "The audit chain was exported."),
    "evidence:exported": ("Ett bevispaket togs ut.", "An evidence pack was taken out."),
    "claim:decided": ("Ett beslut fattades.", "A decision was made."),
    "claim:reopened": ("Ett beslut öppnades igen.", "A decision was opened again."),
    "claim:raised": (
        "En prövning av radering öppnades, som följd av ett annat beslut.",
        "An assessment of erasure was opened, as another decision's consequence.",
    ),
    "claim:disagreed": (
        "Den som begärde lämnade en invändning mot beslutet.",
        "The person added a note of disagreement.",
    ),
    "claim:fee_asked": ("En avgift föreslogs.", "A fee was proposed."),
    "claim:closed": ("En rättighet i begäran var färdigbehandlad.", "One right of the request was done with."),
    "approval:asked": ("En andra person ombads ta ställning.", "A second person was asked."),
    "approval:given": ("En andra person godkände.", "A second person approved."),
    "approval:refused": ("En andra person sa nej.", "A second person said no."),
    "task:created": ("En uppgift skapades till en mottagare.", "A task for a recipient was made."),
    "task:sent": ("En uppgift skickades till en mottagare.", "A task was sent to a recipient."),
    "task:accepted": ("Mottagaren tog emot uppgiften.", "The recipient accepted the task."),
    "task:postponed": ("En uppgift sköts upp.", "A task was put off."),
    "task:left_unknown": ("Utfallet av ett anrop är okänt.", "What came of a call is unknown."),
    "task:escalated": ("En uppgift lämnades till en människa.", "A task was handed to a person."),
    "task:retried": ("En uppgift gjordes om.", "A task was tried again."),
    "task:cancelled": ("En uppgift ställdes in.", "A task was called off."),
    "task:closed": ("En uppgift var klar.", "A task was done with."),
    "task:reminded": ("En mottagare påmindes om sin uppgift.", "A recipient was reminded of its task."),
    "task:mail_failed": ("Ett mejl om en uppgift kom inte fram.", "A mail about a task did not arrive."),
    "task:code_made": ("En engångskod till en uppgifts sida gjordes.", "A one-time code for a task's page was made."),
    "task:code_tried": (
        "En engångskod till en uppgifts sida prövades.",
        "A one-time code for a task's page was tried.",
    ),
    "task:file_taken": ("En mottagare lämnade en fil.", "A recipient handed in a file."),
    "task:file_scanned": ("En fil från en mottagare söktes igenom.", "A recipient's file was scanned."),
    "task:file_read": ("En handläggare hämtade en fil från en mottagare.", "Staff fetched a recipient's file."),
    "callback:accepted": ("En mottagare svarade.", "A recipient answered."),
    "callback:repeated": ("En mottagare upprepade sitt svar.", "A recipient repeated its answer."),
    "callback:refused": ("Ett svar avvisades.", "An answer was refused."),
    "recipient:named": (
        "En mottagare som ska underrättas antecknades.",
        "A recipient that is to be notified was noted.",
    ),
    "recipient:notified": ("En mottagare underrättades (artikel 19).", "A recipient was notified (Article 19)."),
    "recipient:confirmed": ("En mottagare bekräftade.", "A recipient confirmed."),
    "recipient:excused": (
        "En mottagare underrättades inte; skälet är antecknat.",
        "A recipient was not notified; why is noted.",
    ),
    "letter:written": ("Ett brev skrevs.", "A letter was written."),
    "letter:sent": ("Ett brev skickades.", "A letter was sent."),
    "letter:failed": ("Ett brev kunde inte skickas.", "A letter could not be sent."),
    "letter:read": ("Ett brev lästes.", "A letter was read."),
    "package:sealed": ("Uppgifterna sammanställdes och förseglades.", "The data were put together and sealed."),
    "package:read": ("En förhandsvisning av paketet lästes.", "A preview of the package was read."),
    "package:redacted": ("Uppgifter maskerades.", "Data were masked."),
    "package:released": ("Uppgifterna lämnades ut.", "The data were released."),
    "package:linked": ("En engångslänk för hämtning gjordes.", "A one-time link to fetch them was made."),
    "package:downloaded": ("Uppgifterna hämtades.", "The data were fetched."),
    "package:destroyed": ("Paketet förstördes.", "The package was destroyed."),
    "restriction:set": ("Behandlingen begränsades.", "Processing was restricted."),
    "restriction:read": ("Någon slog upp att begränsningen gäller.", "The restriction was looked up."),
    "restriction:used": (
        "Begränsade uppgifter användes, för något som lagen tillåter.",
        "Restricted data were used, for something the law permits.",
    ),
    "restriction:lift_proposed": (
        "Det föreslogs att begränsningen ska hävas.",
        "It was proposed that the restriction be lifted.",
    ),
    "restriction:lift_announced": (
        "Besked gavs om att begränsningen ska hävas.",
        "Notice was given that the restriction will be lifted.",
    ),
    "restriction:lifted": ("Begränsningen hävdes.", "The restriction was lifted."),
    "suppression:set": ("En spärr sattes.", "A suppression was set."),
    "retention:scheduled": (
        "Dagen då det som sparades ska raderas eller prövas igen bestämdes.",
        "The day was set on which what was kept is to be erased or looked at again.",
    ),
    "retention:ended": (
        "Tiden för det som sparades var slut, och den här begäran öppnades för det.",
        "The time for what was kept was over, and this request was opened for it.",
    ),
    "retention:erased": ("Det som sparades raderades.", "What was kept was erased."),
    "processor:registered": ("En mottagare registrerades.", "A recipient was registered."),
    "processor:changed": (
        "En registrering ändrades: vart den leder, om den är på, eller vad mottagaren får veta och göra.",
        "A registration was changed: where it leads, whether it is on, or what the recipient may be told and asked.",
    ),
    "secret:set": ("En hemlighet för ett biträde angavs.", "A processor's secret was set."),
    "secret:removed": ("En hemlighet för ett biträde togs bort.", "A processor's secret was removed."),
    "secret:ended": ("En utbytt hemlighet gäller inte längre.", "A replaced secret is no longer good."),
    "key:destroyed": ("Nyckeln till uppgifterna förstördes.", "The key to the data was destroyed."),
}

#: How one right of a request ended, not addressed to its person.
ENDED: Words = {
    "granted": ("beviljad", "granted"),
    "partly_granted": ("delvis beviljad", "partly granted"),
    "refused": ("avslagen", "refused"),
    "nothing_held": ("inga uppgifter fanns", "no data were held"),
    "not_identified": ("den som begärde kunde inte identifieras", "the person could not be identified"),
    "withdrawn": ("återtagen", "withdrawn"),
    "forwarded": ("lämnad vidare", "forwarded"),
    "open": ("inte avgjord än", "not decided yet"),
}


def of_step(step: str, language: Language) -> str:
    """A step in words; one that has none yet by its code, so that an evidence pack is never refused for it."""
    return STEPS.get(step, (step, step))[LANGUAGES.index(language)]
