"""The lie of Byzantine relays where nothing is signed: two values of each proposal change places.

Everything about a proposal that passes such a relay speaks of its twin instead, and the other way round. So both sides
of a cut of liars see proposals and votes that fit together, and each can reach a quorum for a value of its own: no
other alteration does more harm to agreement. All liars alter alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from bft.core.request import Proposal

SWAPPED = "in the relay's words"


class Liars:
    """What all Byzantine relays of a run make of the messages of others.

    Parameters
    ----------
    sign : callable
        Makes the keyring take a body for its signer's own: without signatures nobody can tell.
    """

    def __init__(self, sign: Callable[[Any], Any]) -> None:
        self._sign = sign
        self._twins: dict[str, str] = {}

    def learn(self, value: object) -> None:
        """Note the proposals in a message, so that votes for them can be altered alike."""
        if isinstance(value, Proposal):
            if value.request is not None and value.digest not in self._twins:
                twin = self._twin(value)
                self._twins |= {value.digest: twin.digest, twin.digest: value.digest}
        elif isinstance(value, tuple):
            for each in value:
                self.learn(each)
        elif is_dataclass(value):
            for each in fields(value):
                self.learn(getattr(value, each.name))

    def altered(self, value: Any) -> Any:
        """Return a message about the twins; the message itself if it speaks of no proposal."""
        if isinstance(value, Proposal):
            return value if value.request is None else self._twin(value)
        if isinstance(value, tuple):
            made = tuple(self.altered(each) for each in value)
            return value if all(new is old for new, old in zip(made, value, strict=True)) else made
        if not is_dataclass(value) or isinstance(value, type):
            return value
        changes = {}
        for each in fields(value):
            old = getattr(value, each.name)
            new = self._twins.get(old, old) if each.name == "digest" else self.altered(old)
            if new is not old:
                changes[each.name] = new
        if not changes:
            return value
        body = replace(value, **changes)
        return self._sign(body) if hasattr(body, "signer") else body

    def _twin(self, proposal: Proposal) -> Proposal:
        wording = "" if proposal.wording == SWAPPED else SWAPPED
        return Proposal(request=proposal.request, answer=proposal.answer, wording=wording)
