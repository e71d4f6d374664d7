"""Votes kept for later, in bounded memory: per key and voter one message, per voter a few keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

Message = TypeVar("Message")

KEYS_PER_VOTER = 8
_EMPTY: Any = {}
"""Never filled."""


def bits(voters: Iterable[int]) -> int:
    """Return a number with a bit for each voter."""
    return sum([1 << voter for voter in voters])


class BallotBox(Generic[Message]):
    """Messages by key (a view, a sequence number) and voter.

    A voter that votes under too many keys loses its lowest ones, so a liar can fill only its own few places.
    """

    __slots__ = ("_by_key", "_highest", "_keys_of")

    def __init__(self) -> None:
        # Most replicas of most runs never need theirs: dictionaries are made for the first message.
        self._by_key: dict[int, dict[int, Message]] = _EMPTY
        self._keys_of: dict[int, list[int]] = _EMPTY
        self._highest: dict[int, int] = _EMPTY

    def add(self, key: int, voter: int, message: Message) -> bool:
        """Keep the voter's first message under `key`; return False if it had one."""
        if self._by_key is _EMPTY:
            self._by_key, self._keys_of, self._highest = {}, {}, {}
        votes = self._by_key.get(key)
        if votes is None:
            self._by_key[key] = {voter: message}
        elif voter in votes:
            return False
        else:
            votes[voter] = message
        keys = self._keys_of.get(voter)
        if keys is None:
            self._keys_of[voter] = [key]
            self._highest[voter] = key
            return True
        keys.append(key)
        if key > self._highest.get(voter, -1):
            self._highest[voter] = key
        if len(keys) > KEYS_PER_VOTER:
            lowest = min(keys)
            keys.remove(lowest)
            del self._by_key[lowest][voter]
            if not self._by_key[lowest]:
                del self._by_key[lowest]
        return True

    def at(self, key: int) -> dict[int, Message]:
        """Return the messages under `key` by voter; do not change them."""
        return self._by_key.get(key, {})

    def of(self, voter: int) -> list[Message]:
        """Return the voter's messages in ascending order of their keys."""
        keys = self._keys_of.get(voter)
        return [self._by_key[key][voter] for key in sorted(keys)] if keys else []

    def highest_above(self, key: int) -> dict[int, int]:
        """Return each voter's highest key above `key`, for those who have one."""
        return {voter: top for voter, top in self._highest.items() if top > key}

    def __len__(self) -> int:
        """Return under how many keys there are messages."""
        return len(self._by_key)

    @property
    def growth(self) -> int:
        """A number that grows whenever `add` changes anything: a message takes the place of a lower one at most."""
        return sum([1 + key for keys in self._keys_of.values() for key in keys])

    def forget_through(self, key: int) -> None:
        """Drop everything at or below `key`."""
        if not self._by_key or min(self._by_key) > key:
            return
        if max(self._by_key) <= key:
            self._by_key = self._keys_of = self._highest = _EMPTY
            return
        self._by_key = {kept: votes for kept, votes in self._by_key.items() if kept > key}
        self._keys_of = {voter: [kept for kept in keys if kept > key] for voter, keys in self._keys_of.items()}
        self._highest = {voter: top for voter, top in self._highest.items() if top > key}

    def items(self) -> list[tuple[int, dict[int, Message]]]:
        """Return every key that has votes, in ascending order, with its messages by voter."""
        return [(key, self._by_key[key]) for key in sorted(self._by_key) if self._by_key[key]]

    def clone(self) -> BallotBox[Message]:
        """Return an independent box with the same messages."""
        twin: BallotBox[Message] = BallotBox()
        if self._by_key or self._keys_of:
            twin._by_key = {key: dict(votes) for key, votes in self._by_key.items()}
            twin._keys_of = {voter: list(keys) for voter, keys in self._keys_of.items()}
            twin._highest = dict(self._highest)
        return twin
