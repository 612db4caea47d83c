"""
Which addresses may be called: public ones, by an explicit list of what is not.

IPv6 is judged by what is allowed (global unicast, less what is set aside in it), so that mapped, translated and local
forms fall out without being named; the ones that carry an IPv4 address inside global unicast are named.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from app.domain.errors import DomainError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: More addresses behind one name than this is no processor of ours.
MOST_ADDRESSES = 64
#: How many names may be looked up at once. Of their own: a name server that is silent holds nobody else's threads.
LOOKING_UP_AT_ONCE = 16

#: IANA's special-purpose registry, and what no processor of a controller can stand behind.
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; one cloud's metadata (100.100.100.200) lies in it
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own host, from inside its machines
        "169.254.0.0/16",  # link-local; most clouds' metadata (169.254.169.254)
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; another cloud's metadata (192.0.0.192)
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks, AMT, AS112
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the old 6bone
        "3fff::/20",  # documentation
    )
)
#: Interface ids of ISATAP: the last 32 bits are an IPv4 address of somebody's inside.
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


class AddressNotAllowed(DomainError):
    """That address may not be called: https to a public host is needed."""


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could be meant by this address, and nothing of ours or of our landlord's."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in one for one in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    return not any(address in one for one in _NOT_PUBLIC_6) and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP


def literal_of(host: str) -> Address | None:
    """The address that *host* spells (IPv6 without brackets), or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def public_addresses(host: str, port: int, *, also: frozenset[Address] = frozenset()) -> list[Address]:
    """
    Look a name up, once, and return the addresses behind it; connect to one of these and to nothing else.

    Args:
        also: Let through though they are not public; tests only.

    Raises:
        AddressNotAllowed: One of them is not public: then none is called, whichever came first.
        OSError: The name does not resolve just now.
    """
    literal = literal_of(host)
    found = [literal] if literal is not None else await _look_up(host, port)
    if not found or len(found) > MOST_ADDRESSES or not all(one in also or is_public(one) for one in found):
        raise AddressNotAllowed
    return found


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKING_UP_AT_ONCE, thread_name_prefix="look-up")


async def _look_up(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().run_in_executor(
            _threads(), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    except UnicodeError:  # of a label that is empty or too long
        raise AddressNotAllowed from None
    addresses: dict[Address, None] = {}
    for family, *_, where in found:
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise AddressNotAllowed
        address = literal_of(str(where[0]))
        # A link-local address comes with its zone, in the text or beside it.
        if address is None or (len(where) == 4 and where[3]):
            raise AddressNotAllowed
        addresses[address] = None
    return list(addresses)
