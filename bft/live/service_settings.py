"""How a panel is served: address, key, bounds; and what follows from them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address

from bft.arguments import check_number, check_whole
from bft.errors import ScenarioError, bad_value
from bft.live.connections import HEADER_S, MOST_CONNECTIONS

BODY_S = 20.0
"""How long a client may take for the body of a request."""

_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^\[\]:]*))(?::[0-9]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """How a panel is served.

    Attributes
    ----------
    name : str
        What clients call the panel.
    host : str
        Address to listen on.
    port : int
        0: any that is free.
    api_key : str or None
        What clients must show.
    max_questions : int
        Questions at a time; further ones are told when to come back.
    max_body_bytes : int
        Longer requests are refused.
    max_connections : int
        Connections at a time, and never more than half of the process's descriptors.
    header_s, body_s : float
        How long a client may take for the header of a request, and for its body.
    """

    name: str = "panel"
    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = None
    max_questions: int = 8
    max_body_bytes: int = 2**20
    max_connections: int = MOST_CONNECTIONS
    header_s: float = HEADER_S
    body_s: float = BODY_S

    def __post_init__(self) -> None:
        if self.api_key is None and not is_loopback(self.host):
            allowed = "can be reached from other machines: an API key is needed (--api-key-env NAME)"
            raise ScenarioError(bad_value("host", self.host, allowed))
        if self.api_key is not None and not self.api_key.strip():
            raise ScenarioError("api_key: must not be empty")
        if not 0 <= self.port <= 65535:
            raise ScenarioError(bad_value("port", self.port, "must be between 0 and 65535"))
        for field in ("max_questions", "max_body_bytes", "max_connections"):
            check_whole(field, getattr(self, field), ScenarioError, least=1)
        for field in ("header_s", "body_s"):
            check_number(field, getattr(self, field), ScenarioError, above=0)


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine alone."""
    name = host.lower().removesuffix(".")
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """Return the name in a Host header, without its port.

    Examples
    --------
    >>> [name_of(host) for host in ("LocalHost:8000", "[::1]:8000", "[::1]", "127.0.0.1")]
    ['LocalHost', '::1', '::1', '127.0.0.1']
    """
    found = _HOST.fullmatch(host)
    return "" if found is None else found["address"] or found["name"] or ""


def key_from(name: str | None) -> str | None:
    """Return the key that clients must show, from an environment variable.

    Raises `ScenarioError` if the variable holds none.
    """
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise ScenarioError(bad_value("api_key_env", name, "must name an environment variable that holds a key"))
    return key
