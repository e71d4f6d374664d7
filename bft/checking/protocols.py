"""What can be examined by name: the protocols that ship with the laboratory, and others by their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bft.checking.derived_subject import derived
from bft.checking.examined import Examined
from bft.checking.full_check import SUBJECTS
from bft.checking.seeded_bug import SeededBug
from bft.checking.subject import Subject
from bft.errors import ScenarioError, bad_value
from bft.protocols import registry
from bft.protocols.protocol import Protocol


def _shipped() -> Mapping[str, Examined]:
    """Return what the companions list, and what follows from protocols that have none."""
    found: dict[str, Examined] = {}
    for name in registry.PROTOCOLS:
        protocol = registry.protocol_of(name)
        module = registry.companion(SUBJECTS, protocol)
        found.update(getattr(module, "SUBJECTS", {}))
        found.setdefault(name, Examined(subject_maker(protocol)))
    return found


def subject_maker(protocol: Protocol) -> Callable[[], Subject]:
    """Return what makes the subject of a protocol: what it brings, else what follows from its description."""
    given = protocol.subject
    if isinstance(given, str):
        given = registry.load(given, field=f"protocol {protocol.name}: subject")
    return (lambda: derived(protocol)) if given is None else given


PROTOCOLS: Mapping[str, Examined] = _shipped()
"""What ships with the laboratory, by name. A ballot's bugs bring their own rules, so all stand under its plain name."""


def by_description(protocol: str) -> bool:
    """Return whether a protocol is examined by its description alone: it brings no subject, and none stands here."""
    return protocol not in PROTOCOLS and registry.protocol_of(protocol).subject is None


def place_of(protocol: str | Protocol) -> str:
    """Return by what text a protocol is found, in this process and in others.

    Raises `ScenarioError` if a protocol was given as an object, and stands in no module.
    """
    if not isinstance(protocol, Protocol):
        return protocol
    found = registry.spelling(protocol)
    if found is None:
        raise ScenarioError(bad_value("protocol", protocol.name, "must stand in a module, under a name of its own"))
    return found


def subject_of(protocol: str, mutant: str | None = None) -> Subject:
    """Return a protocol by its name, with a seeded bug if one is named.

    Raises `ScenarioError` if there is no such protocol or bug.
    """
    examined = examined_as(protocol)
    return examined.make() if mutant is None else bug(protocol, mutant).subject()


def examined_as(protocol: str) -> Examined:
    """Return what stands under a name.

    Raises `ScenarioError` if nothing does.
    """
    if protocol in PROTOCOLS:
        return PROTOCOLS[protocol]
    if ":" not in protocol:
        allowed = f"must be one of {', '.join(PROTOCOLS)}, or where a protocol stands: 'package.module:NAME'"
        raise ScenarioError(bad_value("protocol", protocol, allowed))
    return Examined(subject_maker(registry.protocol_of(protocol)))


def bug(protocol: str, name: str) -> SeededBug:
    """Return a seeded bug of a protocol.

    Raises
    ------
    ScenarioError
        If there is no such protocol or bug.
    """
    bugs = examined_as(protocol).bugs
    for each in bugs:
        if each.name == name:
            return each
    allowed = f"must be one of {', '.join(each.name for each in bugs)}" if bugs else f"{protocol} has no seeded bugs"
    raise ScenarioError(bad_value("mutant", name, allowed))
