"""A protocol as the laboratory sees it: how to make a replica, and what there is to know for attacking it.

The host of replicas is `world`; the protocols that ship with the laboratory stand in `subjects`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bft.arguments import check_instance
from bft.checking.monitor import Monitor
from bft.checking.operations import Operation
from bft.checking.setting import Setting
from bft.core.replica import Replica
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError
from bft.protocols.protocol import Protocol

if TYPE_CHECKING:
    from bft.checking.world import World

Recipe = Callable[["World", int, tuple[int, ...]], object | None]


def check_subject(subject: object, setting: object) -> None:
    """Refuse what is no subject, such as the name of one or what makes one, and what is no setting."""
    allowed = "must be a bft.checking.subject.Subject, such as subject_of('pbft') of bft.checking.protocols"
    check_instance("subject", subject, Subject, allowed, ScenarioError)
    check_instance("setting", setting, Setting, "must be a bft.checking.setting.Setting", ScenarioError)


def own_words(instance: int, choice: int, view: int) -> str:
    """Return an answer that nobody else gives, so that whatever is lost shows as a split."""
    return f"answer {choice} of {instance} in view {view}"


def class_name(message: Any) -> str:
    """Return the name of a message's class."""
    name: str = type(message).__name__
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A protocol under examination.

    Attributes
    ----------
    name : str
        What to call it.
    make_replica : callable
        From a node's number, the setting and the keys to a replica; called at every start.
    recipes : mapping
        What a corrupted node can forge, by name: from the world, the node and numbers to choose by to a message, or
        None.
    phases : tuple of str
        Kinds of message in the order in which a view sends them.
    changes : tuple of str
        Kinds of message that lead from one view to the next.
    view_timer, timers : str, tuple of str
        The timer that ends a view, and all of them.
    questions : int or None
        How many different requests make sense; None: any number.
    answer : callable
        What a validator answers, from its instance, the schedule's choice (0 or 1) and the view.
    answers_differ : bool
        Whether the answer names the question, so that no two questions have the same one.
    ledger : bool
        Whether its replicas run the ledger where a setting asks for it.
    monitor : callable or None
        From a setting and a world to the monitor of this protocol; by default only the state machine is watched.
    unfinished : callable or None
        From a world and its correct nodes to what is still owed after stabilisation; by default every request must be
        executed everywhere.
    healing_s : callable or None
        From a world, its correct nodes and the time of a message to the seconds after stabilisation within which
        nothing may be owed any more, infinity where nothing is promised; by default a time that nothing should take.
    leader : callable or None
        From a world and its correct nodes to the node that orders requests now; None where nobody does.
    milestones : tuple of (str, str)
        What runs should reach, as the monitor calls it and as a table does.
    sometimes : tuple of str
        The rare things that some run of a campaign must reach, or the campaign says that none did.
    draw_setting : callable or None
        Draws the setting of a schedule, where the usual ones do not fit; called as `drawn_settings.draw_setting`.
    generators : mapping
        Generators that stand in the place of the usual ones of the same names.
    request : callable or None
        From a setting and a request's number to a request that no usual client asks; None for the other numbers.
    kind : callable
        What a message is called in operations and tables.
    protocol : Protocol or None
        In whose words it is told, and in whose colours drawn.
    restarts : bool
        Whether crashed nodes may come back; else they stay down.
    """

    name: str
    make_replica: Callable[[int, Setting, SymbolicKeyring], Replica]
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    view_timer: str = "view"
    timers: tuple[str, ...] = ("view",)
    questions: int | None = None
    answer: Callable[[int, int, int], str] = own_words
    answers_differ: bool = True
    ledger: bool = False
    monitor: Callable[[Setting, World], Monitor] | None = None
    unfinished: Callable[[World, Sequence[int]], str | None] | None = None
    healing_s: Callable[[World, Sequence[int], float], float] | None = None
    leader: Callable[[World, Sequence[int]], int] | None = None
    milestones: tuple[tuple[str, str], ...] = ()
    sometimes: tuple[str, ...] = ()
    draw_setting: Callable[..., Setting] | None = None
    generators: Mapping[str, Callable[..., list[Operation]]] = field(default_factory=dict)
    request: Callable[[Setting, int], Request | None] | None = None
    kind: Callable[[Any], str] = class_name
    protocol: Protocol | None = None
    restarts: bool = True
