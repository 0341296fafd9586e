"""Which addresses the webhook may be sent to: none that only this network can reach.

Whoever may set the receiver's name, or its DNS, must not thereby reach what stands behind the
firewall. So a name is resolved once, every address found is looked at, and the call goes to one of
exactly these: a second answer of the DNS changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Every address of a host and port, the preferred one first; ``OSError`` if there is none."""

# Public by its number, but inside Azure it is the platform's own.
_AZURE_PLATFORM = IPv4Address("168.63.129.16")
_NAT64 = IPv6Network("64:ff9b::/96")


async def resolve(host: str, port: int) -> list[str]:
    """Ask the machine's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether anybody on the internet could be sent there.

    An IPv6 address that stands for an IPv4 address is judged by that one; what is no address, or
    carries a zone, is not public.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return False
        within = _within(found)
        if within is not None:
            found = within
    return found.is_global and not found.is_multicast and found != _AZURE_PLATFORM


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that traffic to an IPv6 address ends at."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
