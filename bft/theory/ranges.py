"""What a law accepts: every number is checked here before anything is computed.

Only ranges that several laws share. What one law alone forbids stands in that law.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.arguments import check_positive, check_whole
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.limits import MOST_NODES_OF_A_LAW

Array: TypeAlias = NDArray[np.float64]
Values: TypeAlias = float | Array


def probabilities(field: str, value: ArrayLike) -> Array:
    """Return `value` as an array of floats between 0 and 1.

    Raises
    ------
    ScenarioError
        If an entry is outside [0, 1] or not a number.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ScenarioError(bad_value(field, value, "must be between 0 and 1")) from None
    outside = ~((array >= 0.0) & (array <= 1.0))
    if np.any(outside):
        raise ScenarioError(bad_value(field, float(array[outside].flat[0]), "must be between 0 and 1"))
    return array


def per_node(field: str, value: ArrayLike, n: int) -> Array:
    """Return one probability per node, of shape (n,); a single number stands for all nodes."""
    array = probabilities(field, value)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != n):
        raise ScenarioError(
            bad_value(field, array.tolist(), f"must be one number, or one for each of the n = {n} nodes")
        )
    return np.broadcast_to(array, (n,)).copy()


def node_count(n: int) -> int:
    """Return `n` if it is a number of nodes."""
    check_whole("n", n, ScenarioError, least=1, most=MOST_NODES_OF_A_LAW)
    return n


def views_allowed(views: int | None, n: int) -> int:
    """Return the number of views allowed; by default n, enough to rotate through every primary."""
    if views is None:
        return n
    if views < 1:
        raise ScenarioError(bad_value("views", views, "must be at least 1"))
    return views


def same_nodes(system: QuorumSystem, n: int, field: str) -> None:
    """Refuse a quorum system and another argument that speak of different numbers of nodes."""
    if system.n != n:
        raise ScenarioError(bad_value(field, n, f"must describe the n = {system.n} nodes of the quorum system"))


def equal_weights(system: QuorumSystem, law: str) -> None:
    """Refuse unequal stakes in a law of exchangeable votes."""
    if system.weighted:
        raise UnsupportedError(bad_value("stakes", list(system.weights), f"must be equal for the law of {law}"))


def plain(array: Array) -> Values:
    """Return a float for a 0-d array: scalars in, scalars out."""
    return float(array) if array.ndim == 0 else array


def total(terms: Array, where: Sequence[bool] | NDArray[np.bool_] | None = None) -> Array:
    """Sum probabilities over the last axis, where asked; all terms are positive, so no digit cancels."""
    chosen = terms if where is None else terms[..., np.asarray(where, dtype=np.bool_)]
    return np.asarray(chosen.sum(axis=-1), dtype=np.float64)


def positive(**values: float) -> None:
    """Refuse numbers that are not positive and finite, by their names."""
    for field, value in values.items():
        check_positive(field, value)
