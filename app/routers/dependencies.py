"""
Who comes in, and what is opened for them: the bearer, the role, one transaction over their controllers.

The transaction is committed when the route is done and before the answer leaves: nobody is told of something that did
not happen. What a role may not see is not there: row-level security hides other controllers, the routes other persons.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.db import Tx
from app.routers.refusals import ControllerNotYours, LoginTooOld, RoleNotAllowed, language_of
from app.services.context import Actor, Context
from app.services.intake import subject_keys
from app.tokens.principal import Principal
from app.tokens.verifier import Fault, TokenRefused, TokenVerifier
from app.vault import normalise
from app.vault.identifiers import MalformedIdentifier

#: How old a login may be before a package is handed out (RFC 9470), in real seconds.
FRESH_LOGIN_SECONDS = 300

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token of the controller's issuer.")


def context_of(request: Request) -> Context:
    found: Context = request.app.state.ctx
    return found


@dataclass(frozen=True)
class Work:
    """One call's house: the fixed things, the open transaction, who asks and as what."""

    ctx: Context
    tx: Tx
    principal: Principal
    actor: Actor

    def check_controller(self, controller: str) -> None:
        """Refuse a controller there is not (UnknownController) or that the token does not speak for."""
        self.ctx.profile(controller)
        if controller not in self.tx.controllers:
            raise ControllerNotYours

    def number(self) -> str | None:
        """The personnummer of the login, normalised; raises ``TokenRefused`` if it cannot be one."""
        return self._normalised(self.principal.subject_number)

    def _normalised(self, number: str | None) -> str | None:
        if number is None:
            return None
        try:
            return normalise("personnummer", number, today=self.tx.now.date())
        except MalformedIdentifier:
            raise TokenRefused(Fault.CLAIMS) from None

    def own_keys(self) -> dict[str, list[bytes]]:
        """Under which keys this person's requests lie, per controller; the first is the one to file under."""
        return subject_keys(
            self.ctx,
            issuer=self.principal.issuer,
            subject=self.principal.subject,
            number=self.number(),
            previous=self._normalised(self.principal.previous_number),
            controllers=self.tx.controllers,
        )

    def check_fresh_login(self) -> None:
        """Refuse a login older than five minutes of real time, or of unknown age."""
        at = self.principal.auth_time
        if at is None or time.time() - at.timestamp() > FRESH_LOGIN_SECONDS:
            raise LoginTooOld(max_age=FRESH_LOGIN_SECONDS)


def actor_ref(ctx: Context, principal: Principal) -> str:
    """A stable reference to a bearer that says nothing without our key: an id in a UUID's spelling."""
    named = f"{principal.issuer}|{principal.subject}"
    return str(UUID(bytes=ctx.vault.blind_index(controller="-", type="actor", normalised=named)[:16]))


def door(*roles: str) -> Callable[..., AsyncIterator[Work]]:
    """A dependency that lets these roles in, as the first of them that the bearer has."""

    async def enter(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> AsyncIterator[Work]:
        ctx, verifier = context_of(request), _verifier_of(request)
        if credentials is None:
            raise TokenRefused(Fault.MALFORMED)
        principal = await verifier.verify(credentials.credentials)
        role = next((one for one in roles if one in principal.roles), None)
        controllers = principal.controllers & ctx.profiles.keys()
        if role is None or not controllers:
            raise RoleNotAllowed
        # Whoever is on the staff sees the people who must not be found only if trained for it; persons see themselves,
        # and what a system looks up by an identifier it has is answered, and written down, alike for everybody.
        sees_protected = role in ("subject", "integrator") or "protected_handler" in principal.roles
        async with ctx.database.transaction(controllers, sees_protected=sees_protected) as tx:
            yield Work(ctx=ctx, tx=tx, principal=principal, actor=Actor(role, actor_ref(ctx, principal)))

    enter.roles = roles  # type: ignore[attr-defined]
    return enter


def _verifier_of(request: Request) -> TokenVerifier:
    found: TokenVerifier = request.app.state.verifier
    return found


STAFF = ("agent", "approver", "dpo")
APPROVERS = ("approver", "dpo")

Subject = Annotated[Work, Depends(door("subject"), scope="function")]
Staff = Annotated[Work, Depends(door(*STAFF), scope="function")]
Approver = Annotated[Work, Depends(door(*APPROVERS), scope="function")]
Reader = Annotated[Work, Depends(door(*STAFF, "auditor"), scope="function")]
Dpo = Annotated[Work, Depends(door("dpo", "auditor"), scope="function")]
Officer = Annotated[Work, Depends(door("dpo"), scope="function")]
Admin = Annotated[Work, Depends(door("admin"), scope="function")]
#: Who says what the controller's processing is like.
Settler = Annotated[Work, Depends(door("admin", "dpo"), scope="function")]
RegistryReader = Annotated[Work, Depends(door("admin", *STAFF, "integrator"), scope="function")]
Integrator = Annotated[Work, Depends(door("integrator"), scope="function")]
Restorer = Annotated[Work, Depends(door("admin", "dpo"), scope="function")]

House = Annotated[Context, Depends(context_of)]
Language = Annotated[str, Depends(language_of)]
