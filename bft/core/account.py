"""Accounts as a replicated state machine: deposit, withdraw, save.

    deposit alice 100     →  ok 100
    withdraw alice 30     →  ok 70
    withdraw alice 80     →  error: alice has 70
    balance alice         →  ok 70
    save                  →  saved 1, and the digest of all balances

A balance is never negative. Amounts are whole, for replicas must agree on every digit. An operation that is malformed,
or not covered, is answered with an error and changes nothing, so a client that talks nonsense cannot make replicas
differ. The answer that validators propose beside the operation has no say in what it does.

The digest of the balances is the sum of the digests of each account with its balance (AdHash [1]_, as PBFT's own
checkpoints [2]_), so that an operation costs the same however many accounts there are. The sum is taken modulo 2^2048:
clients choose names and amounts, and could make sums of shorter digests collide.

References
----------
.. [1] M. Bellare, D. Micciancio, "A new paradigm for collision-free hashing: incrementality at reduced cost",
   EUROCRYPT 1997.
.. [2] M. Castro, Practical Byzantine Fault Tolerance, PhD thesis, MIT, 2001.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import shake_256

from bft.core.digest import digest_of
from bft.core.request import Proposal
from bft.core.state_machine import Snapshot

_ACCOUNT = r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})"
_AMOUNT = r"([1-9][0-9]{0,17})"  # a bound on what one message can make replicas compute
_TRANSFER = re.compile(rf"(deposit|withdraw) {_ACCOUNT} {_AMOUNT}")
_BALANCE = re.compile(rf"balance {_ACCOUNT}")

LONGEST_TRANSFER = len("withdraw ") + 64 + len(" ") + 18
"""Characters; what is longer is not kept in memory to be looked at again."""

MALFORMED = "error: must be 'deposit ACCOUNT AMOUNT', 'withdraw ACCOUNT AMOUNT', 'balance ACCOUNT' or 'save'"

SUM_BITS = 2048
MODULUS = 1 << SUM_BITS

Balances = tuple[tuple[str, int], ...]


class Account:
    """Balances of all accounts, and the balances that were saved last."""

    __slots__ = ("_balances", "_saved", "_saved_digest", "_saves", "_sum")

    def __init__(self) -> None:
        self._balances: dict[str, int] = {}
        self._saved: Balances = ()
        self._saves = 0
        self._sum = 0
        self._saved_digest = digest_of(self._saved)

    @property
    def balances(self) -> Balances:
        """Every account that was ever credited, with its balance, in order of names."""
        return tuple(sorted(self._balances.items()))

    @property
    def saved(self) -> Balances:
        """The balances when `save` was last executed; none before."""
        return self._saved

    def apply(self, proposal: Proposal) -> str:
        """Execute the operation of a proposal's request; the null request does nothing."""
        if proposal.request is None:
            return ""
        operation = proposal.request.operation
        transfer = _transfer(operation) if len(operation) <= LONGEST_TRANSFER else None
        if transfer is not None:
            return self._move(*transfer)
        if operation == "save":
            return self._save()
        if asked := _BALANCE.fullmatch(operation):
            return f"ok {self._balances.get(asked[1], 0)}"
        return MALFORMED

    def digest(self) -> str:
        """Return a digest of the balances and of what was saved."""
        return _digest(self._sum, self._saved_digest, self._saves)

    def snapshot(self) -> Snapshot:
        """Return balances, saved balances and the number of saves."""
        return (self.balances, self._saved, self._saves)

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything by a snapshot."""
        assert isinstance(snapshot, tuple)
        balances, self._saved, self._saves = snapshot
        self._balances = dict(balances)
        self._sum = sum(_place(account, balance) for account, balance in balances) % MODULUS
        self._saved_digest = digest_of(self._saved)

    def _move(self, account: str, amount: int) -> str:
        known = self._balances.get(account)
        balance = known or 0
        if balance + amount < 0:
            return f"error: {account} has {balance}"
        self._balances[account] = balance + amount
        before = 0 if known is None else _place(account, known)
        self._sum = (self._sum + _place(account, balance + amount) - before) % MODULUS
        return f"ok {balance + amount}"

    def _save(self) -> str:
        self._saved = self.balances
        self._saves += 1
        self._saved_digest = digest_of(self._saved)
        return f"saved {self._saves} {self._saved_digest}"


# Replicas read the same operations and compute the same sums and digests one after the other: they may share them.


@lru_cache(maxsize=1 << 8)
def _transfer(operation: str) -> tuple[str, int] | None:
    """Return whose balance changes, and by how much; None for operations that are no transfer."""
    found = _TRANSFER.fullmatch(operation)
    if found is None:
        return None
    verb, account, amount = found.groups()
    return account, int(amount) if verb == "deposit" else -int(amount)


@lru_cache(maxsize=1 << 10)
def _digest(total: int, saved_digest: str, saves: int) -> str:
    return digest_of("account", f"{total:x}", saved_digest, saves)


@lru_cache(maxsize=1 << 12)
def _place(account: str, balance: int) -> int:
    """Return what one account adds to the sum."""
    return int.from_bytes(shake_256(f"{account} {balance}".encode()).digest(SUM_BITS // 8), "big")
