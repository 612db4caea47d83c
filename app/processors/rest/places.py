"""
Where a connector may call: its own hosts, by the addresses it writes.

Everything is decided on addresses as the connector writes them. Only at the last moment, and in the sandbox alone,
they are turned to a loopback address, path and all.
"""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from app.processors.rest.escaping import in_host, in_path
from app.processors.rest.expressions import Scope, render
from app.processors.rest.grammar import Connector

_LOOPBACK = "http://127.0.0.1:"


class NotAllowed(Exception):
    """An address on a host that the connector does not name."""


@dataclass(frozen=True)
class Places:
    """The base address, the hosts that may be called, and the loopback address that stands for all of them."""

    base: str
    hosts: tuple[str, ...]
    loopback: str | None = None

    @classmethod
    def of(cls, connector: Connector, chosen: str | None, scope: Scope, *, sandbox: bool) -> "Places":
        """
        The places of a registration; *chosen* is a name of ``base_url``, or in the sandbox a loopback address.

        Raises:
            NotAllowed: No such name, or a loopback address outside the sandbox.
            MissingValue, BadValue: A base address that needs a setting which is not there.
        """
        names = list(connector.base_url)
        is_loopback = chosen is not None and chosen.startswith(_LOOPBACK)
        if is_loopback and not sandbox:
            raise NotAllowed
        name = names[0] if chosen is None or is_loopback else chosen
        if name not in connector.base_url or (chosen is None and len(names) > 1):
            raise NotAllowed
        base = whole(connector.base_url[name], scope).rstrip("/")
        hosts = (urlsplit(base).netloc, *connector.hosts)
        return cls(base, hosts, chosen.rstrip("/") if is_loopback and chosen is not None else None)

    def check(self, url: str) -> str:
        """The address itself, if it may be called; raises :class:`NotAllowed`."""
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise NotAllowed from None
        if parts.scheme != "https" or parts.fragment or parts.username is not None or parts.password is not None:
            raise NotAllowed
        if not any(_fits(parts.netloc.lower(), host) for host in self.hosts):
            raise NotAllowed
        return url

    def linked(self, link: str, *, asked: str, same_host: bool) -> str:
        """
        The address a vendor's answer names, relative or whole; *asked* is the one that was called.

        Raises:
            NotAllowed: On another host than may be called (with *same_host*: than was).
        """
        try:
            if self.loopback is not None and link.startswith((self.loopback + "/", self.loopback + "?")):
                link = link[len(self.loopback) :]
            url = self.check(urljoin(asked, link))
            if same_host and urlsplit(url).netloc != urlsplit(asked).netloc:
                raise NotAllowed
        except ValueError:
            raise NotAllowed from None
        return url

    def physical(self, url: str) -> str:
        """What is really called."""
        if self.loopback is None:
            return url
        parts = urlsplit(url)
        return self.loopback + parts.path + (f"?{parts.query}" if parts.query else "")


def _fits(netloc: str, host: str) -> bool:
    if host.startswith("*."):
        label, _, rest = netloc.partition(".")
        return bool(label) and rest == host[2:]
    return netloc == host


def whole(template: str, scope: Scope) -> str:
    """A whole address: values in its host are labels, after it path segments."""
    head, slash, tail = template.removeprefix("https://").partition("/")
    return "https://" + render(head, scope, in_host) + slash + render(tail, scope, in_path)
