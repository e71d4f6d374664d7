"""What a schedule is made of: small operations on an untimed world, replayable and writable as JSON.

Every operation is interpreted totally: an index counts modulo what is there, and what does not apply does nothing. So
any list of operations is a schedule, and a list with some of them left out is one too: that is what makes
counterexamples shrink. Sets of nodes are bit masks (bit i for node i; twins follow the n nodes). What they do stands
in `play`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, get_args

from bft.errors import ScenarioError, bad_value


class Deliver(NamedTuple):
    """Deliver one pending message."""

    place: int


class Drop(NamedTuple):
    """Lose one pending message."""

    place: int


class Duplicate(NamedTuple):
    """Put a second copy of a pending message on the network."""

    place: int


class Replay(NamedTuple):
    """Put something that was broadcast at any time before on the network again, for one node."""

    place: int
    node: int


class Exchange(NamedTuple):
    """One phase along a delivery graph: `senders[i]` says whose pending messages of a kind reach node i.

    The others of that kind are lost or kept.
    Messages are delivered in the order in which they were sent. The empty kind means all.
    """

    kind: str
    senders: tuple[int, ...]
    keep: bool


class Settle(NamedTuple):
    """Deliver everything pending, wave after wave; no timer fires."""

    waves: int


class Fire(NamedTuple):
    """Let a running timer of a node run out."""

    node: int
    timer: str


class Ask(NamedTuple):
    """Give a client's request to a set of nodes."""

    request: int
    nodes: int


class Consult(NamedTuple):
    """Let a validator answer one open question: 0 as an honest one would, 1 the opposite, 2 with nothing usable."""

    place: int
    choice: int


class Crash(NamedTuple):
    """Stop a node; it keeps only what it had persisted."""

    node: int


class Restart(NamedTuple):
    """Bring a crashed node back."""

    node: int


class Corrupt(NamedTuple):
    """Hand a node's key to the adversary, while the setting's budget lasts; its replica goes on running."""

    node: int


class Forge(NamedTuple):
    """Let a corrupted node send a set of nodes a message built from all that was ever sent.

    `recipe` names the kind of message; `choices` are interpreted modulo what there is to choose from.
    """

    recipe: str
    actor: int
    nodes: int
    choices: tuple[int, ...]


class Mutate(NamedTuple):
    """Change a corrupted node's message on its way to a set of nodes, anywhere inside; see `mutation`."""

    place: int
    nodes: int
    choices: tuple[int, ...]


class Cut(NamedTuple):
    """Let a node crash in the middle of its next step, after so many writes and messages; see `disks`."""

    node: int
    actions: int


class Disk(NamedTuple):
    """Let a faulty node's disk lie: 0 its next write is lost, 1 torn; 2 remember what it holds, 3 go back to that."""

    node: int
    fault: int


class Call(NamedTuple):
    """A client that waits asks a set of nodes its next question, or the same one while it has no answer."""

    client: int
    nodes: int


class Work(NamedTuple):
    """Clients that wait ask so many questions in turn, and everything arrives."""

    requests: int


class Heal(NamedTuple):
    """Global stabilisation: crashed nodes return, messages arrive in time, timers run by the clock, clients ask again.

    Faulty nodes of the mask `silent` say nothing more, and crashed ones of it stay down, as far as at most f are
    faulty in all. `views` more views may fail before what clients asked is executed everywhere; see `liveness`.
    """

    views: int
    silent: int


Operation = (
    Deliver
    | Drop
    | Duplicate
    | Replay
    | Exchange
    | Settle
    | Fire
    | Ask
    | Consult
    | Crash
    | Restart
    | Corrupt
    | Forge
    | Mutate
    | Cut
    | Disk
    | Call
    | Work
    | Heal
)

KINDS: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in get_args(Operation)}


def to_json(operations: Iterable[Operation]) -> list[list[Any]]:
    """Return operations as JSON values: the kind, then its fields in order."""
    return [
        [type(each).__name__.lower(), *(list(value) if isinstance(value, tuple) else value for value in each)]
        for each in operations
    ]


def from_json(values: Any) -> list[Operation]:
    """Read operations from JSON values.

    Raises `ScenarioError` if a value is no operation.
    """
    if not isinstance(values, list):
        raise ScenarioError(bad_value("operations", values, "must be a list"))
    return [_operation(place, value) for place, value in enumerate(values)]


def _operation(place: int, value: Any) -> Operation:
    field = f"operations[{place}]"
    if not isinstance(value, list) or not value or value[0] not in KINDS:
        raise ScenarioError(bad_value(field, value, f"must be a list that starts with one of {', '.join(KINDS)}"))
    kind = KINDS[value[0]]
    arguments = [tuple(each) if isinstance(each, list) else each for each in value[1:]]
    wanted = list(kind.__annotations__.values())
    if len(arguments) != len(wanted) or not all(map(_fits, wanted, arguments)):
        raise ScenarioError(bad_value(field, value, f"{value[0]} takes {kind.__annotations__}"))
    operation: Operation = kind(*arguments)
    return operation


def _fits(wanted: object, value: object) -> bool:
    name = getattr(wanted, "__forward_arg__", str(wanted))
    if name == "tuple[int, ...]":
        return isinstance(value, tuple) and all(type(each) is int for each in value)
    return type(value).__name__ == name
