"""A schedule together with what it breaks: run, saved as JSON, read back, replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.checking import operations as ops
from bft.checking.coverage import reached
from bft.checking.linearizability import fault_in, history_of, ledger_accepts
from bft.checking.monitor import Monitor
from bft.checking.play import play
from bft.checking.protocols import subject_of
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.watching import watched
from bft.checking.world import ReplicaRaisedError, World
from bft.errors import ScenarioError, bad_value
from bft.record.safety import Breach

FORMAT = "bft schedule 2"
READABLE = ("bft schedule 1", FORMAT)
"""The first format had fewer operations and settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a schedule breaks.

    Attributes
    ----------
    breach : Breach
        The first invariant that did not hold; LV1 when something stays undone after stabilisation.
    split : bool
        Whether two honest nodes executed different values in the same run.
    """

    breach: Breach
    split: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A replayable schedule, where it came from, and what it breaks.

    Attributes
    ----------
    setting, operations : Setting, tuple of Operation
        What to run.
    protocol, mutant : str, str or None
        What to run it on.
    finding : Finding or None
        What it broke when it was saved.
    origin : str
        Generator, seed and index that it came from.
    """

    setting: Setting
    operations: tuple[ops.Operation, ...]
    protocol: str = "pbft"
    mutant: str | None = None
    finding: Finding | None = None
    origin: str = ""

    def subject(self) -> Subject:
        """Return the protocol it runs on."""
        return subject_of(self.protocol, self.mutant)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found = self.finding
        return {
            "format": FORMAT,
            "protocol": self.protocol,
            "mutant": self.mutant,
            "origin": self.origin,
            "setting": self.setting.to_json(),
            "operations": ops.to_json(self.operations),
            "finding": None
            if found is None
            else {
                "invariant": found.breach.invariant,
                "step": found.breach.time_s,
                "node": found.breach.node,
                "detail": found.breach.detail,
                "split": found.split,
            },
        }

    @classmethod
    def from_json(cls, values: Any) -> Counterexample:
        """Read one from JSON values.

        Raises `ScenarioError` if the values are no schedule.
        """
        if not isinstance(values, dict) or values.get("format") not in READABLE:
            raise ScenarioError(
                bad_value(
                    "format",
                    values if not isinstance(values, dict) else values.get("format"),
                    f"must be {FORMAT!r} (or the older {READABLE[0]!r})",
                )
            )
        for key in ("setting", "operations", "protocol"):
            if key not in values:
                raise ScenarioError(bad_value(key, None, "is missing"))
        found = values.get("finding")
        finding = None
        if found is not None:
            try:
                breach = Breach(found["invariant"], found["step"], found["node"], found["detail"])
                finding = Finding(breach=breach, split=found["split"])
            except (KeyError, TypeError) as error:
                raise ScenarioError(bad_value("finding", found, f"is incomplete: {error}")) from error
        made = cls(
            setting=Setting.from_json(values["setting"]),
            operations=tuple(ops.from_json(values["operations"])),
            protocol=values["protocol"],
            mutant=values.get("mutant"),
            finding=finding,
            origin=str(values.get("origin", "")),
        )
        made.subject()
        return made

    def save(self, path: Path) -> None:
        """Write it to a file, one operation a line."""
        values = self.to_json()
        operations = ",\n  ".join(json.dumps(each) for each in values["operations"])
        rest = {key: value for key, value in values.items() if key != "operations"}
        head = json.dumps(rest, indent=1)[:-2]
        path.write_text(f'{head},\n "operations": [\n  {operations}\n ]\n}}\n', encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Counterexample:
        """Read one from a file.

        Raises `ScenarioError` if the file cannot be read or holds no schedule.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ScenarioError(bad_value("replay", str(path), f"cannot be read: {error.strerror}")) from error
        except RecursionError:
            raise ScenarioError(bad_value("replay", str(path), "is nested too deeply")) from None
        except ValueError as error:  # no UTF-8, no JSON, a number of thousands of digits
            raise ScenarioError(bad_value("replay", str(path), f"cannot be read: {error}")) from error
        return cls.from_json(values)


def run(
    subject: Subject, setting: Setting, operations: tuple[ops.Operation, ...], *, record: bool = False
) -> tuple[World, Monitor]:
    """Run a schedule under the full monitor.

    What stays undone after stabilisation becomes a breach of LV1, a view that is timed for nothing one of LV6, a client
    that can be starved one of LV5, a replica that raises one of M7, and answers that no order explains one of S8.
    """
    world, monitor = watched(subject, setting, record=record)
    try:
        play(world, operations)
    except ReplicaRaisedError as error:
        monitor.breaches.append(Breach("M7", world.steps, error.instance, error.detail))
    monitor.reached.update(reached(world, monitor))
    if setting.ledger and subject.ledger:
        history = history_of(list(world.requests.values()), monitor.facts.answered)
        fault = fault_in(history, ledger_accepts, 0)
        if fault is not None:
            monitor.breaches.append(Breach("S8", world.steps, 0, fault))
    if world.stalled is not None:
        monitor.breaches.append(Breach("LV1", world.steps, 0, world.stalled))
    if world.restless is not None:
        monitor.breaches.append(Breach("LV6", world.steps, 0, world.restless))
    if world.starved is not None:
        monitor.breaches.append(Breach("LV5", world.steps, 0, world.starved))
    return world, monitor


def finding_of(monitor: Monitor, oracle: tuple[str, ...] | None = None) -> Finding | None:
    """Return what a finished run broke first: of all invariants, or of those named."""
    for breach in monitor.breaches:
        if oracle is None or breach.invariant in oracle:
            return Finding(breach=breach, split=monitor.split)
    return None
