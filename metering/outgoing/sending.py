"""The one way out to addresses that customers chose, which are not to be trusted.

A customer may name an address inside our own network, or a name that leads there by the time
we ask for it. So the address is looked at when the connection is made, and that very address
is connected to; nothing is redirected, no proxy is used, and no answer is read.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

# Together 5 seconds.
TIMEOUTS = {"connect": 2.0, "write": 1.0, "read": 2.0, "pool": 0.0}
URL_LENGTH_MAX = 500
# Addresses that lead on to an IPv4 address which nobody has looked at.
_TUNNELS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "2002::/16")]


class NotSent(Exception):
    """Nothing arrived, or nothing that we know of; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Sent:
    status: int


def send(url: str, *, body: bytes, headers: dict[str, str]) -> Sent:
    """POST a body and return the status of the answer. Raises NotSent."""
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=_trusted(),
                network_backend=_PublicAddresses(),
                http2=False,
            ) as pool,
            pool.stream(
                "POST",
                url,
                headers=[
                    *headers.items(),
                    ("host", _host_of(url)),
                    ("content-type", "application/json"),
                    ("user-agent", "ServiceBilling"),
                ],
                content=body,
                extensions={"timeout": TIMEOUTS},
            ) as reply,
        ):
            return Sent(reply.status)
    except httpcore.TimeoutException as error:
        raise NotSent("no answer within 5 seconds") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise NotSent(str(error)[:200] or type(error).__name__) from error
    except (httpcore.UnsupportedProtocol, OSError, ValueError) as error:
        raise NotSent(str(error)[:200]) from error


def _host_of(url: str) -> str:
    return urlsplit(url).netloc


def clean_url(url: str) -> str:
    """Return an address that messages may be sent to. Raises ValueError in plain words."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable():
        raise ValueError(f"This must be at most {URL_LENGTH_MAX} plain characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError("This is not an address.") from error
    if parts.scheme != "https" or not parts.hostname or port == 0 or " " in url:
        raise ValueError("This must begin with https:// and name a host.")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("Leave out user names, passwords and fragments.")
    if not _may_be_public(parts.hostname):
        raise ValueError("This must be an address of the public internet.")
    return url


def is_public(address: str) -> bool:
    """True for an IP address that anybody on the internet may have."""
    ip: Any = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.version == 6 and any(ip in net for net in _TUNNELS):
        return False
    return bool(ip.is_global) and not ip.is_multicast and not ip.is_reserved


def _may_be_public(host: str) -> bool:
    """A name may be anything until it is looked up; an address says it at once."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return is_public(host)
    except ValueError:
        # As an address written in another way: 127.1, 0x7f000001, 2130706433.
        return "." in host and not host.rstrip(".").rpartition(".")[2][:1].isdigit()


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class _PublicAddresses(httpcore.NetworkBackend):
    """Looks a name up once, and connects to what it found, if all of it is public."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the host has no address") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(is_public(address) for address in addresses):
            raise httpcore.ConnectError("the host is not on the public internet")
        return self._inner.connect_tcp(
            addresses[0],
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )
