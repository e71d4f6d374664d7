"""The two locks: the core one is part of the full one, with its hashes, and holds what the core needs and no more."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def entries(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return version and hashes of every package in a lock."""
    found = {}
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if head := re.match(r"([\w.-]+)==([^\s;]+)", line):
            found[canonicalize_name(head[1])] = (head[2], frozenset(re.findall(r"sha256:[0-9a-f]{64}", line)))
    return found


CORE, FULL = entries("requirements.core.lock"), entries("requirements.lock")


def test_the_core_lock_is_part_of_the_full_one() -> None:
    assert len(CORE) < len(FULL)
    for name, (version, hashes) in CORE.items():
        assert FULL[name] == (version, hashes), f"{name}: make lock derives the core lock from the full one"


def test_every_package_of_both_locks_is_hashed() -> None:
    assert all(hashes for _, hashes in (*CORE.values(), *FULL.values()))


def test_the_core_lock_holds_what_the_core_needs_and_no_more() -> None:
    """Followed through the metadata of what is installed; hatchling installs the checkout."""
    environment = {**default_environment(), "extra": ""}
    wanted = [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT_BUILD)]
    needed: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in needed or (requirement.marker is not None and not requirement.marker.evaluate(environment)):
            continue
        needed.add(name)
        try:
            wanted += [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
    assert needed <= set(CORE), f"missing: {sorted(needed - set(CORE))}"
    elsewhere = {"colorama"}  # on Windows alone
    assert set(CORE) - needed <= elsewhere, f"not needed: {sorted(set(CORE) - needed - elsewhere)}"


PROJECT_BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    extras = PROJECT["optional-dependencies"]
    for text in (*PROJECT["dependencies"], *(each for extra in extras.values() for each in extra)):
        requirement = Requirement(text)
        if requirement.name == "bft-lab":
            assert requirement.extras <= set(extras)
            continue
        operators = {each.operator for each in requirement.specifier}
        assert operators == {">="}, text


def test_the_classifiers_name_the_pythons_that_are_tested() -> None:
    named = {each.rpartition(" ")[2] for each in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", each)}
    assert named >= {"3.11", "3.12", "3.13"}
    assert PROJECT["requires-python"] == ">=3.11"


def test_something_is_tried_with_every_extra() -> None:
    place = ROOT / "release" / "try_package.py"
    spec = importlib.util.spec_from_file_location("try_package", place)
    assert spec is not None
    assert spec.loader is not None
    trying = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(trying)
    assert set(PROJECT["optional-dependencies"]) - set(trying.TRIED) == {"test", "dev"}
