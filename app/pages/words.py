"""What a recipient's page says, Swedish and English. Plain words: whoever reads them does this once a year."""

from app.letters.words import Words

TEXTS: Words = {
    "title": ("Dataskyddsuppgift", "Data protection task"),
    "for": ("Uppgiften kommer från", "The task comes from"),
    "number": ("Nummer", "Number"),
    "language": ("In English", "På svenska"),
    "code_title": ("Visa att det är er", "Show that it is you"),
    "code_why": (
        "Uppgiften rör en person. Därför visas den först när ni har skrivit in en kod, som vi skickar till den "
        "e-postadress som är registrerad för er och ingen annan.",
        "The task is about a person. So it is shown only when you have typed a code, which we send to the mail address "
        "that is registered for you and to no other.",
    ),
    "wrong": ("Fel", "Error"),
    "code_send": ("Skicka en kod", "Send a code"),
    "code_again": ("Skicka en ny kod", "Send a new code"),
    "code_label": ("Kod ur mejlet, åtta siffror", "Code from the mail, eight digits"),
    "code_open": ("Öppna", "Open"),
    "what": ("Det här ska ni göra", "What you are asked to do"),
    "who": ("Om vem", "About whom"),
    "who_note": (
        "Stämmer uppgifterna in på flera personer, eller är ni osäkra, gör ingenting och svara ”Vi gör det inte” med "
        "en förklaring.",
        "If these fit several people, or you are not sure, do nothing and answer “We will not do this” with a reason.",
    ),
    "data": ("Vilka uppgifter", "Which data"),
    "details": ("Mer om uppgiften", "More about the task"),
    "until": ("Svara senast", "Answer by"),
    "open_until": ("Sidan är öppen till", "The page is open until"),
    "files": ("Filer", "Files"),
    "files_how": (
        "Lämna kopian som filer, en i taget, högst 10 MB. Helst CSV eller JSON: en rad för varje post, med rubriker. "
        "Också text, PDF, PNG, JPEG, WAV, MP3, MP4 och ZIP går bra.",
        "Hand the copy in as files, one at a time, at most 10 MB. Best are CSV or JSON: a row for each record, with "
        "headings. Text, PDF, PNG, JPEG, WAV, MP3, MP4 and ZIP are taken too.",
    ),
    "files_about": ("Filen innehåller", "The file holds"),
    "file": ("Fil", "File"),
    "files_send": ("Lämna filen", "Hand in the file"),
    "answer": ("Ert svar", "Your answer"),
    "message": ("Förklaring", "Explanation"),
    "message_note": (
        "Behövs om ni gör det delvis eller inte alls. Skriv inga uppgifter om personen här.",
        "Needed if you do it in part or not at all. Write nothing about the person here.",
    ),
    "keeps": ("Om ni måste spara något", "If you must keep something"),
    "keeps_category": ("Vilka uppgifter", "Which data"),
    "keeps_law": ("Enligt vilken lag", "Under which law"),
    "keeps_until": ("Till och med vilken dag", "Until which day"),
    "choose": ("Välj", "Choose"),
    "check": ("Gå vidare", "Continue"),
    "check_note": (
        "Ni får se svaret en gång till innan det skickas.",
        "You see the answer once more before it is sent.",
    ),
    "confirm_title": ("Stämmer det?", "Is this right?"),
    "confirm_note": (
        "Ert svar gäller som ert besked till den personuppgiftsansvarige. Inget är skickat än.",
        "Your answer counts as your word to the controller. Nothing has been sent yet.",
    ),
    "confirm": ("Ja, skicka svaret", "Yes, send the answer"),
    "back": ("Nej, tillbaka", "No, go back"),
    "leave": ("Stäng sidan", "Close the page"),
    "done_title": ("Tack, svaret har kommit fram", "Thank you, your answer has arrived"),
    "done_note": ("Ni behöver inte göra något mer. Stäng sidan.", "You need do nothing more. Close the page."),
    "over_title": ("Uppgiften är avslutad", "The task is closed"),
    "over_note": ("Den är besvarad, och inget mer tas emot.", "It has been answered, and nothing more is taken."),
    "held_title": ("Uppgiften står stilla", "The task stands still"),
    "held_note": (
        "Gör ingenting just nu. Vi hör av oss när ärendet fortsätter.",
        "Do nothing for now. You will hear from us when the case goes on.",
    ),
    "gone_title": ("Sidan finns inte", "There is no such page"),
    "gone_note": (
        "Adressen är fel, eller så är uppgiften besvarad eller tiden ute. Använd länken i det senaste mejlet, eller "
        "kontakta företaget som skickade det på det sätt ni brukar.",
        "The address is wrong, or the task has been answered or its time is over. Use the link in the latest mail, or "
        "contact the company that sent it the way you usually do.",
    ),
    "help": ("Frågor? Kontakta", "Questions? Contact"),
}

#: What is asked, to whoever does it.
TASKS: Words = {
    "locate": ("Ta reda på om ni har uppgifter om personen.", "Find out whether you hold data about the person."),
    "freeze": (
        "Radera inget om personen tills vidare, inte heller automatiskt.",
        "Delete nothing about the person for the time being, not automatically either.",
    ),
    "export": ("Lämna en kopia av uppgifterna om personen.", "Hand over a copy of the data about the person."),
    "rectify": ("Rätta uppgifterna om personen.", "Correct the data about the person."),
    "erase": (
        "Radera uppgifterna om personen, också i arkiv. Avidentifierat eller dolt är inte raderat.",
        "Erase the data about the person, in archives too. Made anonymous or hidden is not erased.",
    ),
    "restrict": (
        "Spara uppgifterna om personen men sluta använda dem.",
        "Keep the data about the person but stop using them.",
    ),
    "lift_restriction": ("Uppgifterna om personen får användas igen.", "The data about the person may be used again."),
    "stop_purposes": (
        "Sluta använda uppgifterna om personen för det som anges.",
        "Stop using the data about the person for what is named.",
    ),
    "stop_marketing": ("Sluta med marknadsföring till personen.", "Stop marketing to the person."),
    "review_decision": (
        "Låt en människa pröva beslutet på nytt, och skriv vad det ledde till.",
        "Let a person look at the decision again, and write what it came to.",
    ),
    "notify": (
        "Ta emot beskedet att uppgifter om personen har ändrats, och gör detsamma hos er.",
        "Take note that data about the person have changed, and do the same with yours.",
    ),
}

ANSWERS: Words = {
    "completed": ("Det är gjort", "It is done"),
    "completed_partial": ("Det är delvis gjort", "It is done in part"),
    "not_found": ("Vi har inga uppgifter om personen", "We hold no data about the person"),
    "retained": ("Vi måste spara allt, enligt lag", "We must keep all of it, by law"),
    "refused": ("Vi gör det inte", "We will not do this"),
}

ERRORS: Words = {
    "code": (
        "Koden stämmer inte, eller gäller inte längre. Se efter i det senaste mejlet, eller be om en ny.",
        "The code is not right, or no longer valid. Look in the latest mail, or ask for a new one.",
    ),
    "too_many": (
        "Det har skickats så många koder som får skickas på ett dygn. Försök i morgon.",
        "As many codes have been sent as may be in a day. Try tomorrow.",
    ),
    "outcome": ("Välj ett av svaren.", "Choose one of the answers."),
    "message": (
        "Skriv en förklaring, högst 2 000 tecken.",
        "Write an explanation, at most 2,000 characters.",
    ),
    "category": ("Ange vilka uppgifter ni sparar.", "Say which data you keep."),
    "law": ("Ange enligt vilken lag ni sparar dem.", "Say under which law you keep them."),
    "until": ("Ange till och med vilken dag ni sparar dem.", "Say until which day you keep them."),
    "files": ("Lämna kopian som fil först.", "Hand in the copy as a file first."),
    "file_kind": (
        "Filen är inte av ett slag som tas emot, eller går inte att läsa.",
        "The file is not of a kind that is taken, or cannot be read.",
    ),
    "file_size": ("Filen är tom eller större än 10 MB.", "The file is empty or larger than 10 MB."),
    "file_archive": (
        "ZIP-filen tas inte emot: den får inte ha lösenord, innehålla andra arkiv eller packas upp till för mycket.",
        "The ZIP file is not taken: it may have no password, hold no other archive and not unpack to too much.",
    ),
    "file_many": ("Uppgiften har så många filer som den får ha.", "The task has as many files as it may have."),
    "file_virus": (
        "Filen innehåller skadlig kod och har förstörts. Lämna en annan.",
        "The file holds malicious code and has been destroyed. Hand in another.",
    ),
    "form": ("Något gick fel med formuläret. Försök igen.", "Something went wrong with the form. Try again."),
}

NOTICES: Words = {
    "sent": (
        "Vi skickar en kod till er registrerade adress. Den gäller i 20 minuter; en äldre gäller inte längre.",
        "We are sending a code to your registered address. It is valid for 20 minutes; an older one no longer is.",
    ),
    "closed": (
        "Sidan är stängd, och ni kan stänga fönstret. Vill ni in igen behövs en ny kod.",
        "The page is closed, and you can close the window. To come back in you need a new code.",
    ),
    "file": ("Filen är mottagen.", "The file has been received."),
    "file_again": ("Den filen fanns redan.", "That file was there already."),
    "answered": (
        "Ert svar har kommit fram och en handläggare läser det. Ni kan svara igen om något var fel.",
        "Your answer has arrived and is being read by a person. You can answer again if something was wrong.",
    ),
}

SCANS: Words = {
    "clean": ("genomsökt", "scanned"),
    "infected": ("skadlig kod, förstörd", "malicious code, destroyed"),
    "pending": ("väntar på genomsökning", "waits to be scanned"),
    "not_scanned": ("mottagen", "received"),
}

#: What a task says besides. A recipient's controller may say more; that stands under its own name.
DETAILS: Words = {
    "until": ("Till och med", "Until"),
    "keep": ("Spara, enligt lag", "Keep, by law"),
    "corrections": ("Rättelser", "Corrections"),
    "field": ("Uppgift", "Field"),
    "value": ("Rätt värde", "Right value"),
    "ground": ("Grund", "Ground"),
    "permitted": ("Får ändå användas för", "May still be used for"),
    "live_alarm": ("Pågående larm", "Live alarms"),
    "legal_bases": ("Rättsliga grunder som upphör", "Legal bases that end"),
    "purposes": ("Ändamål", "Purposes"),
    "right": ("Rättighet", "Right"),
    "law": ("Lag", "Law"),
    "category": ("Uppgifter", "Data"),
}
