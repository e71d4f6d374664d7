"""How much a node can send and take in: sizes of messages, uplinks, processing time, slow nodes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from bft.network.conditions import Count
from bft.settings import Seconds, Settings

Bytes = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MessageSizes(Settings):
    """How long messages are: the sum of their parts, so that certificates grow with n.

    Attributes
    ----------
    header_bytes : int
        Of every message on a link: Ethernet, IP and TCP headers without options, by default 14 + 20 + 20.
    signature_bytes, digest_bytes : int
        Of each signature (Ed25519 by default) and each digest (SHA-256) inside.
    request_bytes, answer_bytes : int, optional
        Of a request's operation and of an LLM's answer; by default what their texts take in UTF-8.
    """

    header_bytes: Bytes = 54
    signature_bytes: Bytes = 64
    digest_bytes: Bytes = 32
    request_bytes: Bytes | None = None
    answer_bytes: Bytes | None = None


class Bandwidth(Settings):
    """Uplinks: a node puts its messages on the wire one after another.

    Attributes
    ----------
    uplink_mbit_s : float or tuple of float
        Of all nodes, or of each, in 10⁶ bits per second.
    """

    uplink_mbit_s: Rate | tuple[Rate, ...] = 1000.0

    def of(self, n: int) -> tuple[float, ...]:
        """Return each node's uplink."""
        return self.uplink_mbit_s if isinstance(self.uplink_mbit_s, tuple) else (self.uplink_mbit_s,) * n


class Processing(Settings):
    """Processors: a node takes in messages one after another, in order of arrival.

    The defaults are of the order of Ed25519 on one core of a server (tens of thousands of signatures, about ten
    thousand verifications per second); measure your own.

    Attributes
    ----------
    verify_s : float
        Time for each signature inside a message received; certificates hold many.
    sign_s : float
        Time for a message sent, once for all its recipients.
    message_s : float
        Time for each message received, whatever it is.
    queue_limit : int, optional
        Messages that may wait; what arrives beyond that is lost.
    law : {"constant", "exponential"}
        Whether each message takes exactly these times, or exponential ones of these means.
    """

    _written_if_set: ClassVar[frozenset[str]] = frozenset({"law"})

    verify_s: Seconds = 0.0001
    sign_s: Seconds = 0.00003
    message_s: Seconds = 0.0
    queue_limit: Count | None = None
    law: Literal["constant", "exponential"] = "constant"


class Slowdown(Settings):
    """Nodes that are slow or overloaded with other work, for a while or always.

    Attributes
    ----------
    nodes : tuple of int
        Who.
    factor : float
        How many times as long processor and uplink take, 1 or more.
    start_s, end_s : float
        From when to when, in seconds; by default always.
    """

    nodes: tuple[int, ...]
    factor: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    start_s: Seconds = 0.0
    end_s: Seconds | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Slowdown:
        if self.end_s is not None and not self.end_s > self.start_s:
            raise ValueError(f"end_s = {self.end_s}: must be later than start_s = {self.start_s}")
        return self

    def now(self, now_s: float) -> bool:
        """Return whether the nodes are slow now."""
        return self.start_s <= now_s and (self.end_s is None or now_s < self.end_s)


def switched_on(value: object) -> object:
    """Let true stand for a part with all its defaults, and false for none."""
    return ({} if value else None) if isinstance(value, bool) else value


Switch = BeforeValidator(switched_on)
