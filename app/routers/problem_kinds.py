"""The one table: what each refusal is on the wire, and what it says in Swedish."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain import (
    answer_form,
    answers,
    case,
    clarification,
    completeness,
    deadlines,
    decisions,
    delivery,
    ended_by_person,
    erasure_answers,
    erasure_decision,
    execution,
    extension,
    finding,
    forwarding,
    guarding,
    identity,
    ledger,
    processor_secrets,
    proving,
    records,
    redaction,
    restrictions,
    retention,
    rights,
    standing,
    webhook_signature,
)
from app.domain import four_eyes as domain_four_eyes
from app.domain import recipient_page as domain_recipient_page
from app.domain.errors import DomainError
from app.letters import kinds, markup, package_facts, pdf, words
from app.letters.package_facts import PackageRefused
from app.processors import AddressNotAllowed, AnswerNotUnderstood, CallbackRefused, NotTheVendor, SignerNotReached
from app.routers import forms
from app.routers import refusals as edge
from app.services import (
    callbacks,
    casework,
    claims,
    classifying,
    context,
    correspondence,
    deadline_watch,
    disagreement,
    erasing,
    fees,
    four_eyes,
    idempotency,
    intake,
    orders,
    packaging,
    protecting,
    recipient_page,
    registration,
    registration_rules,
    replaying,
    restricting,
    searching,
    steps,
    stopping,
    supplements,
    task_files,
    tasks,
    undoing,
    wording,
)
from app.services import clarification as questions
from app.services import processor_secrets as secrets_of_processors
from app.tokens.jwks import KeysUnavailable
from app.tokens.verifier import TokenRefused
from app.vault import identifiers, uploads


class Conflict(DomainError):
    """Somebody else has just done the same; read again."""


@dataclass(frozen=True)
class Kind:
    """A refusal on the wire: status, Swedish sentence, the field it is about, headers."""

    status: int
    sv: str
    pointer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


#: Faults of ours that happen to be refusals of the domain: nobody outside can cause or mend them.
_OURS = Kind(500, "Något gick fel hos oss.")

KINDS: dict[type[DomainError], Kind] = {
    # who asks
    TokenRefused: Kind(401, "Åtkomsttoken saknas, har gått ut eller gäller inte här."),
    KeysUnavailable: Kind(
        503, "Nycklarna som din token prövas med kan inte läsas just nu.", headers={"retry-after": "5"}
    ),
    edge.LoginTooOld: Kind(401, "Logga in igen: det här kräver en inloggning från de senaste minuterna."),
    edge.RoleNotAllowed: Kind(403, "Din roll får inte göra detta."),
    edge.ControllerNotYours: Kind(403, "Din token gäller inte för den personuppgiftsansvarige.", "#/controller"),
    domain_four_eyes.SecondPersonNeeded: Kind(
        403, "Den andra personen ska vara någon annan än den som beslutade och den som begärde."
    ),
    packaging.ReleasedByTheRequester: Kind(403, "Den som begärde kan inte själv lämna ut sitt paket."),
    CallbackRefused: Kind(403, "Meddelandets underskrift går inte att lita på."),
    SignerNotReached: Kind(
        503, "Certifikatet till meddelandets underskrift kan inte hämtas just nu.", headers={"retry-after": "60"}
    ),
    webhook_signature.WebhookRefused: Kind(401, "Meddelandets underskrift går inte att lita på."),
    # headers
    edge.IdempotencyKeyMissing: Kind(400, "Anropet behöver rubriken Idempotency-Key."),
    edge.IdempotencyKeyMalformed: Kind(400, "En Idempotency-Key är 1 till 255 synliga ASCII-tecken."),
    edge.IfMatchMissing: Kind(428, "Anropet behöver rubriken If-Match med den ETag du läste."),
    edge.IfMatchMalformed: Kind(412, "If-Match ska hålla en ETag, så som den gavs."),
    idempotency.KeyReused: Kind(422, "Idempotency-Key har använts förut med annat innehåll.", "header/Idempotency-Key"),
    idempotency.KeyInFlight: Kind(409, "Ett anrop med samma Idempotency-Key pågår.", headers={"retry-after": "1"}),
    casework.VersionMoved: Kind(412, "Begäran har ändrats sedan du läste den; läs den igen."),
    registration.ProcessorVersionMoved: Kind(412, "Registreringen har ändrats sedan du läste den; läs den igen."),
    edge.CursorMalformed: Kind(422, "Markören hör inte till den här listan.", "query/cursor"),
    # there is no such thing
    steps.UnknownRequest: Kind(404, "Det finns ingen sådan begäran."),
    claims.UnknownClaim: Kind(404, "Begäran har inget sådant yrkande."),
    four_eyes.UnknownApproval: Kind(404, "Det finns inget sådant godkännande."),
    tasks.UnknownTask: Kind(404, "Det finns ingen sådan uppgift."),
    registration.UnknownProcessor: Kind(404, "Det finns ingen sådan mottagare."),
    NotTheVendor: Kind(401, "Ingenting visar att anropet kommer från leverantören."),
    callbacks.UnknownCallback: Kind(404, "Det finns ingen sådan svarsadress."),
    correspondence.UnknownLetterHere: Kind(404, "Det finns inget sådant brev i begäran."),
    edge.NoSuchController: Kind(404, "Det finns ingen sådan personuppgiftsansvarig här."),
    packaging.NoPackage: Kind(404, "Det finns inget paket i begäran, eller så är det inte lämnat ut."),
    packaging.UnknownDownload: Kind(404, "Det finns ingen sådan hämtning, eller så är den använd."),
    wording.UnknownTemplate: Kind(404, "Inget brev är gjort av den ordalydelsen."),
    # not as things stand
    delivery.LetterIsOut: Kind(409, "Brevet är redan ute."),
    packaging.PackageReleased: Kind(409, "Paketet är redan lämnat ut."),
    packaging.PackageNotSeen: Kind(
        409, "Ingen lämnar ut det de inte har sett: öppna först förhandsvisningen av just den här versionen."
    ),
    packaging.PackageMoved: Kind(412, "Paketet har gjorts om sedan du såg det; titta på det igen."),
    packaging.PackageStale: Kind(
        409, "Det som paketet består av har ändrats sedan det förseglades. Ange maskningarna på nytt, så görs det om."
    ),
    packaging.ReleaseAsked: Kind(409, "Utlämnandet är begärt och väntar på en andra person."),
    package_facts.InformationIncomplete: Kind(409, "Svaret saknar information som lagen kräver om uppgifterna i det."),
    packaging.PackageExpired: Kind(410, "Paketet finns inte kvar; begär igen så görs ett nytt."),
    Conflict: Kind(409, "Någon annan har just gjort samma sak; läs igen."),
    case.StepNotAllowed: Kind(409, "Begäran kan inte ta det steget från där den står."),
    case.ClaimNotOpen: Kind(409, "Yrkandet är redan avgjort."),
    case.AlreadyUnderWay: Kind(409, "Yrkandet håller redan på att utföras och kan inte längre tas tillbaka."),
    steps.ClosedRequest: Kind(409, "Begäran är avslutad; det som följer är en ny begäran."),
    four_eyes.ApprovalGiven: Kind(409, "Godkännandet är redan lämnat eller nekat."),
    replaying.NobodyToSendTo: Kind(
        409, "Ingen kan nås för mottagarens uppgifter. Anslut den först, eller låt en människa göra dem."
    ),
    finding.NumberAlone: Kind(
        409,
        "Bara ett telefonnummer är känt om personen, och flera kan dela det: en människa får se efter vems uppgifterna"
        " är.",
    ),
    orders.NobodyToAskFor: Kind(409, "Inget som är känt om personen kan lämnas till det här biträdet."),
    packaging.NoWayToDeliver: Kind(
        409, "Ingen kan logga in och hämta paketet. Registrera först en identitetskontroll som ger personnumret."
    ),
    casework.ClaimUnderWay: Kind(409, "Ett biträde arbetar fortfarande med yrkandet. Besluta när det har svarat."),
    casework.AlreadyDone: Kind(409, "Något är redan gjort för yrkandet, och det gjorda kan inte avslås."),
    casework.IdentifiersNotChecked: Kind(
        409,
        "Några uppgifter är bara någons ord. Jämför dem med era register, och säg det: identifiers_checked.",
        "#/identifiers_checked",
    ),
    casework.ContactInQuarantine: Kind(
        409,
        "En kontaktuppgift som vi inte har känt till i trettio dagar styrker ingenting; välj ett annat sätt.",
        "#/contact",
    ),
    finding.NothingToLookUp: Kind(
        422, "Namn, adress och anläggning delas av flera: sök på något som är personens eget.", "#/identifiers"
    ),
    proving.ProofOfSomebodyElse: Kind(
        409,
        "Kontrollen gäller någon annan: den anger ett annat personnummer än begäran.",
        "#/personnummer",
    ),
    undoing.CopyHasAnswered: Kind(
        409,
        "Begäran är redan besvarad med en kopia, och kontrollen gäller någon annan: den personen gör en egen begäran.",
    ),
    proving.ProofWithoutNumber: Kind(422, "Ange vilket personnummer e-legitimationen visade.", "#/personnummer"),
    proving.NumberByChannel: Kind(
        422, "En motringning eller en kod styrker en kontaktuppgift, aldrig ett personnummer.", "#/personnummer"
    ),
    proving.ContactNeeded: Kind(
        422, "Ange vilken kontaktuppgift motringningen eller koden gick till: det är allt den styrker.", "#/contact"
    ),
    casework.GivingUpNeedsReason: Kind(
        422,
        "Skriv med minst tjugo tecken varför ingen kan avgöra vem som frågar: det är den ansvarige som ska visa det.",
        "#/reason",
    ),
    casework.ProofNotAskedFor: Kind(
        409, "Först ska ett brev som säger hur man styrker vem man är ha gått ut till personen."
    ),
    finding.FootageNotDescribed: Kind(
        409, "Bilder söks när personen har sagt dag, tid, plats och hur de såg ut.", "#/outcome"
    ),
    searching.TooLateToSearch: Kind(409, "Svaret skrivs redan. Gör en ny begäran med det du vill lägga till."),
    searching.NothingMore: Kind(422, "Skriv något som inte redan fanns med.", "#/identifiers"),
    casework.IdentityNotProven: Kind(409, "Ingen beslutar innan det är klart nog vem som frågar."),
    casework.DangerReported: Kind(
        409, "Något är känt om den du jämförde som kräver starkare bevis eller andra händer; läs begäran igen."
    ),
    tasks.TaskOver: Kind(409, "Uppgiften är avslutad."),
    tasks.TaskUnderWay: Kind(409, "Uppgiften är på väg hos mottagaren och är inte en människas just nu."),
    registration.KeyTaken: Kind(409, "Det finns redan en mottagare med den nyckeln."),
    registration.KeyWasTaken: Kind(
        409, "En mottagare som tagits bort hade den nyckeln, och dess historia står kvar under den: välj en annan."
    ),
    registration_rules.SettledByUse: Kind(
        409,
        "Vad den har, ombeds om och får veta ligger fast när den slagits på: ta bort den och lägg upp den på nytt.",
    ),
    registration_rules.NobodySearchesByHand: Kind(
        422, "Människor ombeds inte leta: det som ingen kan söka i begärs i sin helhet.", "#/actions"
    ),
    registration_rules.HowItAnswersNeeded: Kind(
        422, "En webhook anger hur den svarar: sync, poll eller callback.", "#/answer_mode"
    ),
    registration_rules.UnknownPredecessor: Kind(
        422, "En mottagare väntar bara på andra hos samma ansvarige; `errors` säger vilka som finns.", "#/after"
    ),
    secrets_of_processors.SecretNotTaken: Kind(
        422, "En mottagare av det slaget använder ingen sådan hemlighet; `errors` säger vilka den använder.", "#/name"
    ),
    callbacks.CallbackOver: Kind(410, "Uppgiften är besvarad eller tiden är ute; inget mer tas emot."),
    # people who guard people
    guarding.HandlersOnly: Kind(403, "Det här sköts bara av särskilt utbildade handläggare."),
    packaging.DecisionTakenBack: Kind(409, "Beslutet bakom paketet gäller inte längre: besluta först om yrkandet."),
    guarding.CoolingOff: Kind(
        409, "Alla kända adresser har fått veta, och tiden att säga att det inte var man själv är inte slut."
    ),
    guarding.RequestStopped: Kind(
        409, "Någon har sagt att begäran inte är deras. En människa måste reda ut det innan något fortsätter."
    ),
    standing.NotDecided: Kind(
        409,
        "Ingen har beslutat om detta för den som är känd nu: besluta först. "
        "Vad det blev av uppgiften tidigare säger en människa.",
    ),
    guarding.NotStopped: Kind(409, "Ingen har stoppat begäran, eller så är det redan utrett."),
    guarding.ProofNotStronger: Kind(
        409, "En stoppad begäran fortsätter bara efter en starkare kontroll än den som den kom in med.", "#/method"
    ),
    stopping.StopSettled: Kind(
        409, "En handläggare har sedan dess kontrollerat vem som begärde. Ring oss om det ändå inte var du."
    ),
    stopping.NotTheirsToEnd: Kind(
        409,
        "En begäran som gjorts med en inloggning avslutas först när även den säger att det inte var den; "
        "ett starkare bevis låter den fortsätta.",
        "#/verdict",
    ),
    stopping.StopReasonNeeded: Kind(
        422, "Skriv i minst tjugo tecken varför begäran inte är personens egen.", "#/reason"
    ),
    protecting.NotProtected: Kind(409, "Begäran är inte märkt, så det finns inget att ta bort."),
    # something in the call
    context.UnknownController: Kind(422, "Det finns ingen sådan personuppgiftsansvarig här.", "#/controller"),
    edge.ControllerNeeded: Kind(422, "Din token gäller flera; säg vem du vänder dig till.", "#/controller"),
    edge.NumberComesFromLogin: Kind(
        422, "Ditt personnummer tas från inloggningen och ingen annanstans ifrån.", "#/identifiers"
    ),
    rights.UnknownRight: Kind(422, "Det finns ingen sådan rättighet.", "#/claims"),
    intake.SameRightTwice: Kind(422, "Varje rättighet yrkas en gång i en begäran.", "#/claims"),
    intake.NobodyNamed: Kind(422, "Det behövs minst en uppgift att hitta personen med.", "#/identifiers"),
    intake.ReceivedInTheFuture: Kind(422, "En begäran kan inte ha kommit in senare än nu.", "#/received_at"),
    intake.ReceivedTooLongAgo: Kind(
        422, "En begäran som kom in för mer än ett år sedan tas inte in; se över datumet.", "#/received_at"
    ),
    identifiers.MalformedIdentifier: Kind(422, "Uppgiften är inte giltig i sitt slag.", "#/identifiers"),
    identifiers.UnknownIdentifierType: Kind(422, "Det finns inget sådant slags uppgift.", "#/identifiers"),
    identity.UnknownMethod: Kind(
        422, "Så styrker man inte sin identitet här: inga id-kopior, kontrollfrågor eller namnteckningar.", "#/method"
    ),
    decisions.GroundNeeded: Kind(
        422, "Ett nej, helt eller delvis, ska ange en av rättighetens lagliga grunder.", "#/ground"
    ),
    decisions.GroundNotAllowed: Kind(422, "Den grunden finns inte för rättigheten.", "#/ground"),
    decisions.ReasonsNeeded: Kind(422, "Ett nej, helt eller delvis, ska ha skäl som personen kan förstå.", "#/reasons"),
    casework.NothingLeftOut: Kind(
        422, "Ett delvis bifall, och bara det, anger vad som lämnas utanför.", "#/plan/exclude"
    ),
    casework.UnknownCategory: Kind(422, "Den personuppgiftsansvarige har ingen sådan kategori.", "#/plan/exclude"),
    ended_by_person.OutcomeNotAPersons: Kind(422, "Det utfallet kan en människa inte ange.", "#/outcome"),
    ended_by_person.ReasonMissing: Kind(
        422, "Det som inte gjordes, eller inte helt, behöver ett meddelande som säger personen varför.", "#/message"
    ),
    ended_by_person.KeptWithoutReason: Kind(
        422,
        "En radering till en del säger vad som sparades: enligt vilken lag och till vilken dag, eller i ett meddelande"
        " varför (artikel 17.3 i GDPR).",
        "#/retained",
    ),
    ended_by_person.KeptIsNotAll: Kind(
        422,
        "Sparas enligt lag betyder allt som efterfrågades: ange varje kategori med dess lag, eller avsluta som delvis"
        " gjort.",
        "#/retained",
    ),
    ended_by_person.MarketingStopsWhole: Kind(
        422,
        "Direktmarknadsföring upphör helt (artikel 21.3 i GDPR): ange completed, eller failed med skälet till att den"
        " fortsätter.",
        "#/outcome",
    ),
    ended_by_person.NothingToRetain: Kind(
        422,
        "En lag hindrar att uppgifter raderas, stoppas eller begränsas; den hindrar ingen kopia och ingen rättelse.",
        "#/outcome",
    ),
    AnswerNotUnderstood: Kind(422, "Svaret har inte den överenskomna formen.", "#"),
    AddressNotAllowed: Kind(422, "Adressen får inte anropas: https till en publik värd behövs.", "#/endpoint"),
    registration.NotConnectable: Kind(
        422,
        "En mottagare blir aktiv när allt som dess slag behöver finns och stämmer; `errors` säger vad som brister.",
        "#/state",
    ),
    registration.SecretsStayBehind: Kind(
        422,
        "En annan adress slås på för sig: ändra den först, ange dess egna hemligheter och slå sedan på.",
        "#/state",
    ),
    webhook_signature.UnfitWebhookSecret: Kind(
        422, "En hemlighet är 'whsec_' och base64 av 24 till 64 slumpade byte.", "#/secret"
    ),
    processor_secrets.UnfitSecret: Kind(
        422, "En hemlighet är 1 till 8 000 tecken utan styrtecken; radbrytningar finns bara i PEM.", "#/secret"
    ),
    processor_secrets.TooManySecrets: Kind(
        422, "Ett biträde har högst tjugo hemligheter; ta bort en som inte används.", "#/name"
    ),
    processor_secrets.SecretInSettings: Kind(
        422,
        "Inställningar visas, så ingen hemlighet står bland dem: lämna den med namn till /v1/processors/{id}/secrets.",
        "#/settings",
    ),
    secrets_of_processors.UnknownSecret: Kind(404, "Biträdet har ingen hemlighet med det namnet."),
    registration.SecretNeeded: Kind(
        409, "Ett aktivt biträde klarar sig inte utan hemligheten: ange en ny först, eller pausa biträdet."
    ),
    deadlines.TimeZoneMissing: Kind(422, "Tidpunkten saknar tidszon.", "query/received_at"),
    deadlines.DayOutOfRange: Kind(422, "Dagen ligger för långt bort för att vara menad.", "query/received_at"),
    deadlines.AskedBeforeReceipt: Kind(422, "Frågan är daterad före mottagandet.", "#"),
    deadlines.AnsweredBeforeAsked: Kind(422, "Svaret är daterat före frågan.", "#"),
    execution.OrderHasCycle: Kind(422, "Mottagare kan inte vänta på varandra i en ring.", "#/after"),
    delivery.PostedInTheFuture: Kind(422, "Ett brev kan inte ha postats senare än i dag.", "#/posted_on"),
    delivery.PostedBeforeWritten: Kind(422, "Ett brev kan inte ha postats innan det skrevs.", "#/posted_on"),
    # the clock
    edge.AnswerWithoutQuestion: Kind(422, "Ett svar har frågans dag.", "query/asked_on"),
    questions.UnknownQuestion: Kind(404, "Det finns ingen sådan fråga i begäran, eller ingen som väntar på svar."),
    extension.ExtensionTooLate: Kind(409, "Sista svarsdagen har passerat; tiden kan inte längre förlängas."),
    extension.ExtendedAlready: Kind(409, "Tiden förlängs en gång; det är redan begärt eller gjort."),
    extension.NothingToExtend: Kind(409, "Begäran håller på att besvaras; det finns inget kvar att förlänga."),
    questions.QuestionAnswered: Kind(409, "Frågan är redan besvarad."),
    questions.IdentityIsProved: Kind(
        409, "Vem du är visar du på ett av sätten i brevet, inte med ett svar i ord.", "#/question"
    ),
    clarification.QuestionAsked: Kind(409, "En sådan fråga väntar redan på svar."),
    deadline_watch.NoLaterDate: Kind(409, "Det finns ingen senare dag att godta, eller så har dagen redan passerat."),
    extension.ExtensionGroundUnknown: Kind(
        422, "Tiden förlängs bara för att begäran är komplicerad eller för att begärandena är många.", "#/ground"
    ),
    extension.ExtensionReasonsNeeded: Kind(
        422, "En förlängning behöver skäl som säger vad i just den här begäran som tar längre tid.", "#/reasons"
    ),
    extension.ExtensionReasonsRefused: Kind(
        422,
        "Bemanning, helger, mycket arbete eller ett sent biträde förlänger ingenting; säg vad i begäran som tar tid.",
        "#/reasons",
    ),
    clarification.QuestionReasonUnknown: Kind(
        422, "Det finns inget sådant skäl för en fråga av det slaget.", "#/reason"
    ),
    clarification.QuestionTooThin: Kind(
        422, "En fråga säger i hela ord vad som behövs, så att personen kan svara.", "#/question"
    ),
    clarification.NothingToDoubt: Kind(
        422, "Inget av det som begärs här får vänta på mer bevis om vem som frågar.", "#/kind"
    ),
    clarification.NoLargeAmount: Kind(
        422, "Bara en kopia kan avgränsas för att uppgifterna är många, och bara för någon som är känd.", "#/reason"
    ),
    questions.AnsweredInTheFuture: Kind(422, "Ett svar kan inte ha kommit senare än nu.", "#/answered_at"),
    # what a decision rests on
    records.EvidenceNeeded: Kind(
        422,
        "Att begäran är uppenbart ogrundad eller orimlig ska visas: dokumenterade fakta med dag behövs.",
        "#/record/evidence",
    ),
    records.TooFewFacts: Kind(
        422, "För att vara orimlig krävs minst två daterade fakta, eller bevisat missbruk.", "#/record/evidence"
    ),
    records.NumberAloneNotEnough: Kind(
        422,
        "Hur ofta någon frågar gör inte en begäran orimlig; ett annat faktum eller bevisat missbruk behövs.",
        "#/record/evidence",
    ),
    records.FactInTheFuture: Kind(422, "Ett dokumenterat faktum kan inte ligga i framtiden.", "#/record/evidence"),
    records.FirstRequestNotExcessive: Kind(
        422,
        "En första begäran är orimlig bara vid bevisat missbruk: vad som hände, och det syfte det visar.",
        "#/record/intent",
    ),
    records.NeverExcessiveAfterAYear: Kind(
        422,
        "Det har gått ett år eller mer sedan den förra jämförbara begäran; den här kan inte vara orimlig.",
        "#/ground",
    ),
    records.CopyNotRefusedWhole: Kind(
        422,
        "Andras rättigheter begränsar kopian, aldrig hela svaret: lämna ut allt utom de berörda kategorierna.",
        "#/outcome",
    ),
    records.OtherBasisNotPlausible: Kind(
        422,
        "Policyn säger inte att alla de här uppgifterna grundas på annat än ett berättigat intresse.",
        "#/ground",
    ),
    records.WeighingNeeded: Kind(
        422,
        "För varje kategori som kopian lämnar utanför ska det framgå vad som vägdes mot personens rätt.",
        "#/record/weighed",
    ),
    records.StatuteNeeded: Kind(
        422, "En inskränkning vilar på en författning: ange SFS-nummer och paragraf.", "#/record/statute"
    ),
    records.BalancingNeeded: Kind(
        422,
        "En invändning avslås bara med en dokumenterad avvägning: intresse, behov, följd och varför det väger tyngre.",
        "#/record/balancing",
    ),
    records.CheckNeeded: Kind(422, "Det ska framgå vad som kontrollerades innan yrkandet avslås.", "#/record/checked"),
    records.RestrictionGroundNeeded: Kind(
        422, "En begränsning anger sitt skäl: a, b, c eller d i artikel 18.1.", "#/record/ground_18"
    ),
    records.ReviewNeeded: Kind(422, "En människa prövar på nytt: ange det nya beslutet och varför.", "#/record/review"),
    claims.NotClassified: Kind(409, "En människa ska först säga vilka rättigheter meddelandet gäller."),
    classifying.NothingToClassify: Kind(409, "Det är redan känt vilka rättigheter begäran gäller."),
    intake.MessageNeeded: Kind(422, "En begäran utan angiven rättighet behöver personens egna ord.", "#/message"),
    fees.FeeAsked: Kind(409, "En avgift är redan begärd för yrkandet."),
    disagreement.NothingToDisagreeWith: Kind(
        409, "En sådan anteckning hör till en rättelse som har avslagits, helt eller delvis."
    ),
    answer_form.OralAnswerNotAsked: Kind(409, "Muntligt svar ges bara till den som har bett om det."),
    answer_form.OralAnswerNeedsProof: Kind(
        409, "Muntligt svar ges först när identiteten är styrkt på annat sätt än genom samtalet."
    ),
    # what becomes of each category of an erasure
    erasure_decision.LiveAlarmNotErased: Kind(
        409,
        "Det som ett larm i drift arbetar med sparas tills avtalet upphör. Erbjud i stället att säga upp tjänsten.",
        "#/plan/categories",
    ),
    erasure_decision.LawKeepsIt: Kind(
        409, "En lag kräver att kategorin sparas; den raderas inte före sin sista dag.", "#/plan/categories"
    ),
    erasing.ContractStillRuns: Kind(
        409,
        "Ett biträde säger att avtalet löper. Ange vilken dag det upphörde, eller avsluta det först.",
        "#/plan/facts/relationship_ended_on",
    ),
    erasure_decision.NothingToErase: Kind(
        409, "Med den planen raderas ingenting. Säg nej, med grund och skäl.", "#/outcome"
    ),
    erasure_decision.CategoryUndecided: Kind(
        422,
        "En människa måste säga vad som ska ske med varje kategori som uppgifterna i ärendet inte avgör; se planen.",
        "#/plan/categories",
    ),
    erasure_decision.SameCategoryTwice: Kind(422, "En plan nämner varje kategori en gång.", "#/plan/categories"),
    erasure_decision.PlanForErasureOnly: Kind(
        422, "Bara ett beslut om radering säger vad som ska ske med varje kategori.", "#/plan"
    ),
    erasing.UnknownPlannedCategory: Kind(
        422,
        "Den personuppgiftsansvarige har ingen sådan kategori, eller så gäller begäran den inte.",
        "#/plan/categories",
    ),
    erasure_decision.ErasureGroundNeeded: Kind(
        422, "Radering av en kategori anger ett av skälen i artikel 17.1.", "#/plan/categories"
    ),
    erasure_decision.ErasureGroundDoesNotFit: Kind(
        422, "Det skälet i artikel 17.1 stämmer inte för kategorin.", "#/plan/categories"
    ),
    erasure_decision.ExemptionNeeded: Kind(
        422,
        "Att spara en kategori kräver ett undantag i artikel 17.3, eller att den fortfarande behövs, och ett skäl.",
        "#/plan/categories",
    ),
    erasure_decision.LawNeeded: Kind(
        422, "Undantaget anger med kod den lag det vilar på; lagen ska höra till undantaget.", "#/plan/categories"
    ),
    erasure_decision.NotALaw: Kind(
        422,
        "Ett certifikat, en norm eller ett försäkringsbolags önskemål är ingen lag och sparar ingenting.",
        "#/plan/categories",
    ),
    erasure_decision.OnlyBookkeeping: Kind(
        422,
        "Bokföringslagen sparar bara räkenskapsinformation: inga inspelningar, foton, anteckningar eller loggar.",
        "#/plan/categories",
    ),
    erasure_decision.UntilNeeded: Kind(
        422,
        "Det som sparas har en sista dag som inte har passerat, eller ett villkor med en dag då det prövas på nytt.",
        "#/plan/categories",
    ),
    erasure_decision.LongerThanAllowed: Kind(
        422,
        "Det är längre än lagen, anspråket eller företagets egen gallringsregel medger. Annars är sista dagen inom tolv"
        " månader; för längre tid: ange ett villkor och dagen då det prövas på nytt.",
        "#/plan/categories",
    ),
    erasure_answers.AnonymisedIsNotErased: Kind(
        422, "Uppgifter som har anonymiserats, maskats eller dolts är inte raderade.", "#/outcome"
    ),
    answers.WordsHoldAddress: Kind(
        422,
        "Mottagarens ord innehåller en adress eller en länk; våra brev för ingen sådan vidare. Skriv egna ord.",
        "#/message",
    ),
    answers.NoWordsToTake: Kind(409, "Mottagaren har inte svarat något som kan tas över.", "#/take_answer"),
    erasure_answers.LawNotKnown: Kind(422, "Det som sparas anger koden för en lag som är känd här.", "#/retained"),
    erasure_answers.LawDoesNotReach: Kind(
        422, "Bokföringslagen sparar räkenskapsinformation; den kategorin är ingen sådan.", "#/retained"
    ),
    erasure_answers.NoExceptionFromErasure: Kind(
        422, "Den lagen gör undantag från att bli informerad, inte från radering: den sparar inget.", "#/retained"
    ),
    erasure_answers.RetainedTooLong: Kind(
        422, "Det som sparas har en sista dag som har passerat eller som lagen inte når.", "#/retained"
    ),
    redaction.UnknownRow: Kind(422, "Paketet har ingen sådan post, eller posten inget sådant fält.", "#/redactions"),
    redaction.RowTwice: Kind(422, "Samma post eller fält är nämnt två gånger.", "#/redactions"),
    redaction.NotReviewable: Kind(
        422, "Det överlämnar reglerna åt ingen: det kan varken visas eller ersättas.", "#/redactions"
    ),
    redaction.RedactionReasonNotAllowed: Kind(422, "Den grunden hör inte till det som ska göras.", "#/redactions"),
    redaction.NoteNeeded: Kind(
        422,
        "Den som visar eller ersätter det reglerna håller inne säger varför, i en anteckning på minst tio tecken.",
        "#/redactions",
    ),
    redaction.TextNeeded: Kind(
        422, "En ersättning, och bara en ersättning, har en text i postens ställe.", "#/redactions"
    ),
    supplements.UnknownPath: Kind(422, "Det finns inget i profilen att fastställa på den platsen.", "#/supplements"),
    supplements.CodeNotAllowed: Kind(422, "Den koden hör inte till det som ska fastställas där.", "#/supplements"),
    supplements.BothLanguagesNeeded: Kind(
        422,
        "Det som fastställs sägs på svenska och engelska, eller på inget av dem för att tas tillbaka.",
        "#/supplements",
    ),
    supplements.SupplementsMoved: Kind(412, "Kompletteringarna har ändrats sedan du läste dem; läs dem igen."),
    completeness.OnlyALink: Kind(422, "En länk till en policy säger personen ingenting: säg det här.", "#/supplements"),
    # restrictions, recipients, forwarding
    restrictions.UnknownRestriction: Kind(404, "Det finns ingen sådan begränsning."),
    restrictions.RestrictionLifted: Kind(409, "Begränsningen är redan hävd."),
    restrictions.EndingDoesNotFit: Kind(422, "Så upphör inte en begränsning på den grunden.", "#/ground_ended"),
    restrictions.LiftingTooSoon: Kind(
        422, "En begränsning hävs en senare dag än den då personen får besked (artikel 18.3).", "#/lifting_on"
    ),
    restrictions.NoticeGiven: Kind(409, "Personen har redan fått besked; dagen i beskedet flyttas inte."),
    restrictions.NoticeNotOut: Kind(
        409, "Personen ska först ha fått besked: beskedet om hävningen är inte ute (artikel 18.3)."
    ),
    restrictions.LiftingDayNotCome: Kind(409, "Dagen som personen fick besked om har inte kommit."),
    restrictions.LiftAsked: Kind(409, "Hävningen väntar redan på en andra person."),
    restrictions.ErasureRestricted: Kind(
        409,
        "Personen vill att uppgifterna finns kvar (artikel 18.1 b–c). Häv först den begränsningen, efter besked.",
    ),
    restrictions.UseNotPermitted: Kind(422, "Begränsade uppgifter får inte användas för det (artikel 18.2).", "#/use"),
    restricting.NobodyLeftToTell: Kind(
        409, "Uppgifterna i begäran är förstörda; begränsningen kan inte längre hävas här."
    ),
    ledger.UnknownEntry: Kind(404, "Begäran har ingen sådan mottagare."),
    ledger.EntryFollowsTask: Kind(409, "Mottagaren nås av ett system: raden följer dess uppgift, avsluta den."),
    ledger.EntrySettled: Kind(409, "Vad som hände med mottagaren är redan antecknat."),
    ledger.EntryNotSettled: Kind(422, "En mottagare som har fått besked blir inte ofärdig igen.", "#/state"),
    ledger.ExcuseNeedsReason: Kind(
        422, "Att det är omöjligt eller oproportionerligt att ge besked behöver ett skäl (artikel 19).", "#/reason"
    ),
    forwarding.UnknownForwarding: Kind(404, "Begäran har ingen sådan vidarebefordran."),
    forwarding.AddresseeMissing: Kind(
        409, "Det är inte känt vem begäran ska skickas vidare till: ange den personuppgiftsansvarige."
    ),
    forwarding.ForwardingOver: Kind(409, "Begäran är redan skickad vidare."),
    forwarding.ForwardingNotSent: Kind(409, "Bara det som har skickats vidare kan bekräftas."),
    # files, and pages of recipients without an API
    uploads.UploadTooLarge: Kind(413, "Filen är tom eller större än vad som är avtalat."),
    uploads.ArchiveRefused: Kind(
        422,
        "Arkivet är inte vad det säger, packas upp till för mycket, eller innehåller något som ett arkiv med filer "
        "inte behöver.",
        "#/data/content",
    ),
    uploads.UploadRefused: Kind(
        422,
        "Filen är inte av ett slag som tas emot: CSV, JSON, text, PDF, PNG, JPEG, WAV, MP3, MP4 eller ZIP.",
        "#/data/content",
    ),
    uploads.TooManyFiles: Kind(409, "Uppgiften har så många filer som den får ha."),
    task_files.FilesNotWanted: Kind(
        409,
        "Filer hör till en uppgift som ber om en kopia av uppgifter, medan den är öppen, och till en av dess "
        "kategorier.",
    ),
    task_files.UnknownFile: Kind(404, "Uppgiften har ingen sådan fil, eller så är den förstörd."),
    task_files.FileInQuarantine: Kind(
        409,
        "Filen väntar på virussökning; eller så söker ingen igenom filer, och du har inte sagt att du tar den som den "
        "är.",
    ),
    task_files.FilesNotReadable: Kind(
        409, "Uppgiften har inga filer vars rader kan tas över: titta på dem, och säg vad det blev av uppgiften."
    ),
    edge.ReportNotReadable: Kind(422, "Rapporten är mejlet i base64.", "#/report"),
    forms.FormNotReadable: Kind(400, "Formuläret går inte att läsa."),
    recipient_page.UnknownPage: Kind(404, "Det finns ingen sådan sida, eller så är den över."),
    recipient_page.PageClosed: Kind(403, "Sidan är inte öppen: be om en kod."),
    recipient_page.FormForged: Kind(403, "Formuläret kommer inte från sidan."),
    recipient_page.NothingAnyMore: Kind(410, "Uppgiften är besvarad eller står stilla; inget tas emot nu."),
    domain_recipient_page.PageAnswerNotUnderstood: Kind(422, "Det som sades på sidan är inget svar på uppgiften."),
    # ours
    markup.UnknownMarkup: _OURS,
    pdf.CannotBeSet: _OURS,
    deadlines.TimeZoneUnknown: _OURS,
    identity.UnknownLevel: _OURS,
    retention.RetentionRuleNotUnderstood: _OURS,
    kinds.LetterIncomplete: _OURS,
    kinds.UnknownLetter: _OURS,
    words.NoWords: _OURS,
    PackageRefused: _OURS,
}
