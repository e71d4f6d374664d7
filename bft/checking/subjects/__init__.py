"""Protocols as subjects to examine: a module for each package of `bft.protocols`, by its name; the others are derived.

A module has `SUBJECTS`, what is examined under which name (`bft.checking.protocols`), and `monitor`, which makes what
check = "full" watches in simulations, from the configuration, the keyring and the honest nodes.
"""

from __future__ import annotations

from bft.checking.subject import Subject
from bft.checking.subjects.pbft import pbft
from bft.checking.watching import watched

__all__ = ["Subject", "pbft", "watched"]
