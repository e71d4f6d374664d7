"""What a liar can say in a ballot: votes twice over, in others' names, on other questions; proofs, valid and not.

Honest votes that were sent once may be passed on again at any time: late votes and replays need no forgery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bft.checking.choices import Choices
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.request import Request
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate

ANSWERS = ("A", "B", "A", "B", "C", None)
CONFIDENCES = (1.0, 0.5, 0.0)

Vote = Cast | Approve


def recipes(*, judged: bool) -> Mapping[str, Recipe]:
    """Return what can be forged where answers are judged before the vote, or not."""
    kind: type[Vote] = Approve if judged else Cast
    makers: dict[str, Callable[[World, int, Choices, type[Vote]], Any]] = {
        "vote": vote,
        "foreign vote": foreign_vote,
        "passed on": passed_on,
        "certificate": certificate,
        "ask": ask,
    }
    if judged:
        makers["candidate"] = lambda world, liar, choose, _: vote(world, liar, choose, Cast)
    return {name: _recipe(make, kind) for name, make in makers.items()}


def _recipe(make: Callable[[World, int, Choices, type[Vote]], Any], kind: type[Vote]) -> Recipe:
    """Return a recipe; what a liar signs in its own name may be built upon."""

    def recipe(world: World, liar: int, choices: tuple[int, ...]) -> object | None:
        message = make(world, liar, Choices(choices), kind)
        if getattr(message, "replica", None) == liar:
            world.sent.setdefault(type(message).__name__, []).append(message)
        return message  # type: ignore[no-any-return]

    return recipe


def _question(world: World, choose: Choices) -> Request:
    """Return the question, or rarely another one: that some client has really asked, or that no client has signed."""
    flaw = choose.flaw("other", "unsigned", "")
    if flaw == "other":
        return world.keyring.sign(Request(client="client-0", timestamp=7, operation="another question"))
    if flaw == "unsigned":
        return Request(client="client-0", timestamp=8, operation="a question of no client")
    return world.request(0)


def _ballot(kind: type[Vote], request: Request, choose: Choices, voter: int) -> Vote:
    answer = choose.pick(ANSWERS)
    if kind is Cast:
        return Cast(request, answer, choose.pick(CONFIDENCES), "", voter)
    others = choose.pick(((), ("A", "B"), ("B",)))
    return Approve(request, tuple(dict.fromkeys((*(() if answer is None else (answer,)), *others))), voter)


def vote(world: World, liar: int, choose: Choices, kind: type[Vote]) -> Vote:
    """A vote of the liar's own, for this or that, sent to some: the others may be told otherwise."""
    return _ballot(kind, _question(world, choose), choose, liar)


def foreign_vote(world: World, liar: int, choose: Choices, kind: type[Vote]) -> Vote:
    """A vote in another's name, which it never signed."""
    return _ballot(kind, world.request(0), choose, choose.pick([each for each in range(world.n) if each != liar]))


def passed_on(world: World, liar: int, choose: Choices, kind: type[Vote]) -> Vote | None:
    """A vote that was really sent, once more; or with another answer under the same name."""
    del liar
    sent = world.sent.get(kind.__name__, ())
    if not sent:
        return None
    old = choose.pick(sent)
    return _ballot(kind, old.request, choose, old.replica) if choose.flaw("bent") else old


def certificate(world: World, liar: int, choose: Choices, kind: type[Vote]) -> Certificate:
    """A proof: of the votes that there are, with the liars' own as it suits them; too few, repeated, unsigned, bent."""
    del liar
    answer = str(choose.pick(("A", "B")))
    by_voter: dict[int, Vote] = {}
    for each in world.sent.get(kind.__name__, ()):
        by_voter.setdefault(each.replica, each)
    request = world.request(0)
    for node in sorted(world.corrupted):
        by_voter[node] = _for(kind, request, answer, node)
    flaw = choose.flaw("few", "twice", "unsigned", "other question", "other kind", "other answer", "supporters")
    votes = [by_voter[voter] for voter in sorted(by_voter)]
    if flaw == "few":
        votes = votes[: choose.pick((1, 2, 3))]
    elif flaw == "twice" and votes:
        votes = [*votes, *(votes * world.n)][: world.n]
    elif flaw == "unsigned":
        votes = [by_voter.get(node) or _for(kind, request, answer, node) for node in range(world.n)]
        votes = [_for(kind, request, answer, each.replica) if choose.pick((True, False)) else each for each in votes]
    elif flaw == "other question":
        request = _question(world, Choices((1,)))
        votes = [each if choose.pick((True, False)) else replace(each, request=request) for each in votes]
    elif flaw == "other kind" and votes:
        other: type[Vote] = Cast if kind is Approve else Approve
        votes = [*votes[1:], _for(other, request, answer, votes[0].replica)]
    elif flaw == "other answer":
        answer = "C"
    elif flaw == "supporters":
        votes = [each for each in votes if answer in (getattr(each, "answers", ()) or (getattr(each, "answer", None),))]
    return Certificate(request, answer, tuple(votes or [_for(kind, request, answer, min(world.corrupted))]))


def _for(kind: type[Vote], request: Request, answer: str, voter: int) -> Vote:
    return Cast(request, answer, 1.0, "", voter) if kind is Cast else Approve(request, (answer,), voter)


def ask(world: World, liar: int, choose: Choices, kind: type[Vote]) -> Ask:
    """A question for what others hold, with a lie about what is held."""
    del kind
    held = choose.pick(((), tuple(range(world.n)), (liar,)))
    return Ask(world.request(0), held, held, liar)
