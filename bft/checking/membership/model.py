"""Who is a member, a second time and naively: read off what honest nodes execute, one operation at a time.

Nothing here calls `bft.membership.machine`; evidence is read in its one written form and judged anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bft.core.request import Request
from bft.core.signatures import Signed
from bft.membership.keys import Scoped
from bft.protocols.pbft.evidence import from_text
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare


class Epoch(NamedTuple):
    """An epoch: the last number before it, and its members in order of their places."""

    base: int
    members: tuple[int, ...]


class Ruling(NamedTuple):
    """What an operation on members should have done: whether it was obeyed, and whom it convicted."""

    obeyed: bool
    convicted: int | None = None


REFUSED = Ruling(False)


class MemberModel:
    """The epochs that follow from what was executed.

    Parameters
    ----------
    members, spares : sequence of int
        At first.
    least : int
        With no more members than this a convicted one stays where there is no successor.
    interval : int
        Checkpoints: an epoch ends at one of them.
    genuine : callable
        Whether a body was signed by the signer that it names.

    Attributes
    ----------
    epochs : list of Epoch
        All that began or are about to, in order.
    convicted : list of int
        Who was convicted, in order.
    ever_changed : bool
        Whether any operation on members was obeyed.
    """

    def __init__(
        self,
        members: Sequence[int],
        spares: Sequence[int],
        *,
        least: int,
        interval: int,
        genuine: Callable[[Signed], bool],
    ) -> None:
        self.epochs = [Epoch(0, tuple(members))]
        self.convicted: list[int] = []
        self.ever_changed = False
        self._next = list(members)
        self._spares = list(spares)
        self._least = least
        self._interval = interval
        self._genuine = genuine

    def ends(self, epoch: int) -> int | None:
        """Return the number that an epoch ends with, across epochs; None if it goes on."""
        return self.epochs[epoch + 1].base if epoch + 1 < len(self.epochs) else None

    def execute(self, seq: int, request: Request | None, repeated: bool) -> Ruling | None:
        """Take in what honest nodes execute at a number; return a ruling if it was about members."""
        ruling = None
        if request is not None and not repeated and request.operation.split(" ", 1)[0] in ("member", "accuse"):
            ruling = self._rule(request)
            self.ever_changed = self.ever_changed or ruling.obeyed
        if seq % self._interval == 0 and tuple(self._next) != self.epochs[-1].members:
            self.epochs.append(Epoch(seq, tuple(self._next)))
        return ruling

    def _rule(self, request: Request) -> Ruling:
        words = request.operation.split(" ", 2)
        if words[0] == "accuse":
            return self._accuse(words[1:])
        words = request.operation.split(" ")
        if request.client != "operator" or not all(map(_is_number, words[2:])):
            return REFUSED
        nodes = [int(word) for word in words[2:]]
        if words[1] == "remove" and len(nodes) == 1:
            return Ruling(self._change(nodes[0], None))
        if words[1] == "add" and len(nodes) == 1:
            return Ruling(self._change(None, nodes[0]))
        return Ruling(words[1] == "replace" and len(nodes) == 2 and self._change(nodes[0], nodes[1]))

    def _change(self, leaving: int | None, coming: int | None) -> bool:
        here = self._next
        if leaving is not None and leaving not in here:
            return False
        if coming is not None and (coming in here or coming in self.convicted):
            return False
        if coming is None and here == [leaving]:
            return False
        if leaving is None or coming is None:
            self._next = [member for member in here if member != leaving] + [new for new in [coming] if new is not None]
        else:
            self._next = [coming if member == leaving else member for member in here]
        self._spares = [spare for spare in self._spares if spare != coming]
        return True

    def _accuse(self, words: Sequence[str]) -> Ruling:
        culprit = self.culprit(int(words[0]), words[1]) if len(words) == 2 and _is_number(words[0]) else None
        if culprit is None or culprit in self.convicted:
            return REFUSED
        self.convicted.append(culprit)
        self._spares = [spare for spare in self._spares if spare != culprit]
        if culprit in self._next:
            free = [spare for spare in self._spares if spare not in self._next]
            if free or len(self._next) > self._least:
                self._change(culprit, free[0] if free else None)
        return Ruling(True, culprit)

    def culprit(self, epoch: int, text: str) -> int | None:
        """Return who said two things at one place in an epoch, by its own signature; None if nobody is proved to."""
        told = from_text(text)
        if told is None or not 0 <= epoch < len(self.epochs):
            return None
        return self.equivocator(epoch, told.first, told.second)

    def equivocator(self, epoch: int, first: Any, second: Any) -> int | None:
        """Return who contradicts itself in two votes of an epoch; None if nobody does."""
        members = self.epochs[epoch].members
        if first.__class__ is not second.__class__ or not _well_formed(first) or not _well_formed(second):
            return None
        if first.replica != second.replica or not 0 <= first.replica < len(members):
            return None
        if first.seq != second.seq or getattr(first, "view", 0) != getattr(second, "view", 0):
            return None
        if _value(first) == _value(second):
            return None
        node = members[first.replica]
        both = self._genuine(Scoped(epoch, node, first)) and self._genuine(Scoped(epoch, node, second))
        return node if both else None


def _is_number(word: str) -> bool:
    return 0 < len(word) < 10 and all(letter in "0123456789" for letter in word)


def _value(vote: Any) -> object:
    return vote.state_digest if vote.__class__ is Checkpoint else vote.digest


def _well_formed(vote: Any) -> bool:
    if vote.__class__ not in (PrePrepare, Prepare, Commit, Checkpoint):
        return False
    numbers = [vote.seq, vote.replica, getattr(vote, "view", 0)]
    return all(number.__class__ is int for number in numbers) and _value(vote).__class__ is str
