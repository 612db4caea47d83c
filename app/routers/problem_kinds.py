"""The one table: what each refusal is on the wire, and what it says in Swedish."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain import (
    case,
    deadlines,
    decisions,
    execution,
    forwarding,
    identity,
    ledger,
    restrictions,
    retention,
    rights,
    webhook_signature,
)
from app.domain import four_eyes as domain_four_eyes
from app.domain.errors import DomainError
from app.letters import kinds, words
from app.letters.package_facts import PackageRefused
from app.processors import AddressNotAllowed, AnswerNotUnderstood
from app.routers import refusals as edge
from app.services import (
    callbacks,
    casework,
    claims,
    context,
    correspondence,
    four_eyes,
    idempotency,
    intake,
    orders,
    packaging,
    registration,
    restricting,
    steps,
    tasks,
)
from app.tokens.jwks import KeysUnavailable
from app.tokens.verifier import TokenRefused
from app.vault import identifiers


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
    callbacks.UnknownCallback: Kind(404, "Det finns ingen sådan svarsadress."),
    correspondence.UnknownLetterHere: Kind(404, "Det finns inget sådant brev i begäran."),
    edge.NoSuchController: Kind(404, "Det finns ingen sådan personuppgiftsansvarig här."),
    packaging.NoPackage: Kind(404, "Det finns inget paket i begäran, eller så är det inte lämnat ut."),
    packaging.UnknownDownload: Kind(404, "Det finns ingen sådan hämtning, eller så är den använd."),
    # not as things stand
    packaging.PackageReleased: Kind(409, "Paketet är redan lämnat ut."),
    packaging.PackageExpired: Kind(410, "Paketet finns inte kvar; begär igen så görs ett nytt."),
    Conflict: Kind(409, "Någon annan har just gjort samma sak; läs igen."),
    case.StepNotAllowed: Kind(409, "Begäran kan inte ta det steget från där den står."),
    case.ClaimNotOpen: Kind(409, "Yrkandet är redan avgjort."),
    case.AlreadyUnderWay: Kind(409, "Yrkandet håller redan på att utföras och kan inte längre tas tillbaka."),
    steps.ClosedRequest: Kind(409, "Begäran är avslutad; det som följer är en ny begäran."),
    four_eyes.ApprovalGiven: Kind(409, "Godkännandet är redan lämnat eller nekat."),
    orders.NobodyToAskFor: Kind(409, "Inget som är känt om personen kan lämnas till det här biträdet."),
    packaging.NoWayToDeliver: Kind(
        409, "Ingen kan logga in och hämta paketet. Registrera först en identitetskontroll som ger personnumret."
    ),
    casework.ClaimUnderWay: Kind(409, "Ett biträde arbetar fortfarande med yrkandet. Besluta när det har svarat."),
    casework.AlreadyDone: Kind(409, "Något är redan gjort för yrkandet, och det gjorda kan inte avslås."),
    casework.IdentifiersNotChecked: Kind(
        409,
        "Personen har själv skrivit uppgifter som ingen svarar för. Kontrollera att de är personens och säg det.",
        "#/identifiers_checked",
    ),
    casework.IdentityNotProven: Kind(409, "Ingen beslutar innan det är klart nog vem som frågar."),
    tasks.TaskOver: Kind(409, "Uppgiften är avslutad."),
    tasks.TaskUnderWay: Kind(409, "Uppgiften är på väg hos mottagaren och är inte en människas just nu."),
    registration.KeyTaken: Kind(409, "Det finns redan en mottagare med den nyckeln."),
    callbacks.CallbackOver: Kind(410, "Uppgiften är besvarad eller tiden är ute; inget mer tas emot."),
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
    tasks.OutcomeNotAPersons: Kind(422, "Det utfallet kan en människa inte ange.", "#/outcome"),
    tasks.ReasonMissing: Kind(422, "Utfallet behöver ett skäl.", "#/reason"),
    AnswerNotUnderstood: Kind(422, "Svaret har inte den överenskomna formen.", "#"),
    AddressNotAllowed: Kind(422, "Adressen får inte anropas: https till en publik värd behövs.", "#/endpoint"),
    registration.NotConnectable: Kind(
        422, "En mottagare med webhook blir aktiv när den har adress och hemlighet.", "#/state"
    ),
    webhook_signature.UnfitWebhookSecret: Kind(
        422, "En hemlighet är 'whsec_' och base64 av 24 till 64 slumpade byte.", "#/secret"
    ),
    deadlines.TimeZoneMissing: Kind(422, "Tidpunkten saknar tidszon.", "query/received_at"),
    deadlines.DayOutOfRange: Kind(422, "Dagen ligger för långt bort för att vara menad.", "query/received_at"),
    deadlines.AskedBeforeReceipt: Kind(422, "Frågan är daterad före mottagandet.", "#"),
    deadlines.AnsweredBeforeAsked: Kind(422, "Svaret är daterat före frågan.", "#"),
    execution.OrderHasCycle: Kind(422, "Mottagare kan inte vänta på varandra i en ring.", "#/after"),
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
    # ours
    deadlines.TimeZoneUnknown: _OURS,
    identity.UnknownLevel: _OURS,
    retention.RetentionRuleNotUnderstood: _OURS,
    kinds.LetterIncomplete: _OURS,
    kinds.UnknownLetter: _OURS,
    words.NoWords: _OURS,
    PackageRefused: _OURS,
}
