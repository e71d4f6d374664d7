"""Draws that favour what a rare event needs beside failing nodes: liars, one wrong answer, judges that accept it.

Every function draws uniforms of a stream by one of several modes and returns, for each mode, the logarithm of how much
likelier the draw is by that mode than by its law. The modes are mixed, and a share of all runs is drawn by the law
itself, so no weight is above the inverse of that share (a defensive mixture).

References
----------
Hesterberg, Technometrics 37 (1995) 185–194 (defensive mixtures). Owen & Zhou, JASA 95 (2000) 135–143.
"""

from __future__ import annotations

from math import inf, log

import numpy as np
from scipy.special import logsumexp

from bft.adversary.lie import Lie
from bft.adversary.settings import Faults
from bft.randomness import Floats
from bft.validators.judge import JudgeCheck
from bft.validators.statistical import WrongChoice
from bft.vectorised.streams import Flags, Ints

FAVOURED = (0.6, 0.95)  # how likely what is favoured is made
SELDOM = 0.1  # and how likely at most what is in its way


class Behaviours:
    """Which behaviour each faulty node has."""

    def __init__(self, faults: Faults) -> None:
        self._kinds = faults.behaviour
        shares = np.array(faults.shares or (1.0,) * len(self._kinds))
        self._share: Floats = shares / shares.sum()

    def draw(self, faulty: Flags, plain: Flags, generator: np.random.Generator) -> tuple[Floats, Flags, Floats]:
        """Return uniforms and who lies, each of shape (runs, n), and the logarithm of the modes' mean ratio."""
        runs, kinds = len(faulty), len(self._kinds)
        laws = np.vstack([self._share, *(self._favouring(kind) for kind in range(kinds))])
        mode = np.where(plain, 0, generator.integers(0, kinds + 1, runs))
        drawn = (generator.random(faulty.shape)[..., None] >= np.cumsum(laws, axis=1)[mode, None, :-1]).sum(axis=2)
        ratios = np.where(faulty, np.log(laws / self._share)[:, drawn], 0.0).sum(axis=2)
        ends = np.concatenate([[0.0], np.cumsum(self._share)])
        uniforms = ends[drawn] + (ends[drawn + 1] - ends[drawn]) * generator.random(faulty.shape)
        lying = np.array([isinstance(kind, Lie) for kind in self._kinds])
        return np.minimum(uniforms, np.nextafter(ends[drawn + 1], 0.0)), faulty & lying[drawn], mean_of(ratios)

    def _favouring(self, kind: int) -> Floats:
        share = max(self._share[kind], 0.8)
        law = self._share * (1.0 - share) / (1.0 - self._share[kind])
        law[kind] = share
        return np.asarray(law)


def one_wrong_answer(
    choice: WrongChoice, wrong: Flags, favoured: Floats, generator: np.random.Generator
) -> tuple[Floats, list[Floats]]:
    """Draw the urn's uniforms so that many of those who err do so alike.

    Parameters
    ----------
    choice : WrongChoice
        The urn.
    wrong : ndarray of bool, shape (runs, n)
        Whose wrong answers matter.
    favoured : ndarray, shape (runs,)
        How likely one answer, drawn anew for each run, is made for each of them; 0 for what the urn gives.
    generator : Generator
        What draws.

    Returns
    -------
    uniforms : ndarray, shape (runs, n)
        Draws of the urn.
    ratios : list of ndarray, each of shape (runs,)
        The logarithm of the ratio for each of `FAVOURED`.
    """
    runs, n = wrong.shape
    options, every = choice.options, np.arange(runs)
    answer: Ints = np.asarray(generator.integers(1, options + 1, runs))
    codes, uniforms = np.zeros((runs, n), dtype=np.intp), np.empty((runs, n))
    nodes = np.arange(n, dtype=np.float64)
    copying: Floats = np.asarray(nodes / (nodes + choice.k_alpha))  # nobody copies where that is infinite
    for node in range(n):
        copies = float(copying[node])
        held = codes[:, :node] == answer[:, None]
        fresh = (1.0 - copies) / options
        copied = copies * held.sum(axis=1) / max(node, 1)
        natural = fresh + copied
        chance = np.where(wrong[:, node], np.maximum(natural, favoured), natural)
        inside = generator.random(runs) < chance
        anew = generator.random(runs) * np.where(inside, natural, 1.0 - natural) < np.where(
            inside, fresh, (1.0 - copies) * (1.0 - 1.0 / options)
        )
        other = generator.integers(1, max(options, 2), runs)
        code = np.where(inside, answer, other + (other >= answer))
        uniforms[:, node] = copies + (code - 1 + generator.random(runs)) * fresh
        if node and copies > 0.0:
            keys = np.where(held == inside[:, None], generator.random((runs, node)), -1.0)
            earlier = keys.argmax(axis=1)
            code = np.where(anew, code, codes[every, earlier])
            again = (earlier + generator.random(runs)) * (copies / node)
            uniforms[:, node] = np.where(anew, uniforms[:, node], again)
        codes[:, node] = code
    return np.minimum(uniforms, 1.0 - 2.0**-53), [
        _alike(codes, wrong, copying, options, each) if each else np.zeros(runs) for each in FAVOURED
    ]


def _alike(codes: Ints, wrong: Flags, copying: Floats, options: int, favoured: float) -> Floats:
    """Return how much likelier codes are where one answer is favoured, whichever it is; logarithms, shape (runs,)."""
    same = codes[:, :, None] == codes[:, None, :]  # run, node, the answer of a node
    earlier = np.cumsum(same, axis=1) - same
    place = np.maximum(np.arange(len(copying)), 1)
    natural = ((1.0 - copying) / options)[:, None] + (copying / place)[:, None] * earlier
    first = ~np.tril(same.transpose(0, 2, 1), -1).any(axis=2)  # of those who answer the same
    said = np.where(wrong[:, :, None], _tilted(same, natural, favoured), 0.0).sum(axis=1)
    never = (1.0 - copying) / options  # of an answer that nobody has
    unsaid = np.where(wrong, _tilted(np.zeros_like(wrong), np.broadcast_to(never, wrong.shape), favoured), 0.0).sum(1)
    left = options - first.sum(axis=1)
    with np.errstate(divide="ignore"):
        terms = np.concatenate([np.where(first, said, -inf), (unsaid + np.log(left))[:, None]], axis=1)
    return np.asarray(logsumexp(terms, axis=1) - log(options))


def accepting_judges(
    check: JudgeCheck,
    coins: Floats,
    right: Flags,
    codes: Ints,
    wrong: Flags,
    favoured: Floats,
    generator: np.random.Generator,
) -> list[Floats]:
    """Draw the judges' coins anew for one wrong answer, so that many accept it.

    Parameters
    ----------
    check : JudgeCheck
        How judges decide.
    coins : ndarray, shape (runs, n, n + 2)
        Their uniforms; changed in place.
    right : ndarray of bool, shape (runs, n)
        Whose own answer is right.
    codes : ndarray of int, shape (runs, n)
        Everybody's wrong answers.
    wrong : ndarray of bool, shape (runs, n)
        Whose answers may be the one.
    favoured : ndarray, shape (runs,)
        How likely each acceptance is made; 0 for runs that are left as they are.
    generator : Generator
        What draws.

    Returns
    -------
    list of ndarray, each of shape (runs,)
        The logarithm of the ratio for each of `FAVOURED`.
    """
    runs, n = right.shape
    every, nodes = np.arange(runs), np.arange(n)
    may = wrong.copy()
    may[~wrong.any(axis=1), 0] = True
    chance = (1.0 - check.unsure) * np.where(right, check.accept[1, 0], check.accept[0, 0])
    slot = (codes[:, None, :] == codes[:, :, None]).argmax(axis=2) + 1
    author = np.where(may, generator.random((runs, n)), -1.0).argmax(axis=1)
    raised = np.where(chance > 0.0, np.maximum(chance, favoured[:, None]), 0.0)
    accepted = generator.random((runs, n)) < raised
    spread = generator.random((runs, n))
    anew = np.where(accepted, check.unsure + spread * chance, rejecting(check.unsure, chance, spread))
    changed = (favoured > 0.0)[:, None] & (nodes != author[:, None])
    at = (every[:, None], nodes, slot[every, author][:, None])
    coins[at] = np.where(changed, anew, coins[at])
    coin = coins[every[:, None, None], nodes[:, None], slot[:, None, :]]  # run, judge, author
    accepts = (coin >= check.unsure) & (coin < check.unsure + chance[:, :, None])
    ratios = []
    for each in FAVOURED:
        one = np.where(nodes[:, None] == nodes, 0.0, _tilted(accepts, chance[:, :, None], each)).sum(axis=1)
        ratios.append(np.asarray(logsumexp(np.where(may, one, -inf), axis=1) - np.log(may.sum(axis=1))))
    return ratios


def rejecting(unsure: float, chance: Floats, spread: Floats) -> Floats:
    """Return coins of judges that do not accept: unsure, or rejecting; `spread` is uniform."""
    place = spread * (1.0 - chance)
    return np.where(place < unsure, place, np.minimum(place + chance, 1.0 - 2.0**-53))


def _tilted(happened: Flags, natural: Floats, favoured: float) -> Floats:
    """Return log(q / p) of coins that come up with probability p by law, and with q = max(p, favoured) here."""
    raised = np.where(natural > 0.0, np.maximum(natural, favoured), 0.0)
    return ratio_of(happened, natural, raised)


def ratio_of(happened: Flags, natural: Floats, drawn: Floats) -> Floats:
    """Return log(q / p) of coins that come up with probability p by their law, and with q here."""
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = np.where(natural > 0.0, np.log(drawn / natural), 0.0)
        no = np.where(natural < 1.0, np.log((1.0 - drawn) / (1.0 - natural)), 0.0)
    return np.where(happened, yes, no)


def mean_of(ratios: Floats) -> Floats:
    """Return the logarithm of the mean of ratios over modes, the first axis."""
    return np.asarray(logsumexp(ratios, axis=0) - log(len(ratios)))
