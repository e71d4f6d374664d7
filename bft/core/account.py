"""Accounts as a replicated state machine: deposit, withdraw, save.

    deposit alice 100     →  ok 100
    withdraw alice 30     →  ok 70
    withdraw alice 80     →  error: alice has 70
    balance alice         →  ok 70
    save                  →  saved 1, and the digest of all balances

A balance is never negative. Amounts are whole, for replicas must agree on every digit. An operation that is malformed,
or not covered, is answered with an error and changes nothing, so a client that talks nonsense cannot make replicas
differ. The answer that validators propose beside the operation has no say in what it does.
"""

from __future__ import annotations

import re

from bft.core.digest import digest_of
from bft.core.request import Proposal
from bft.core.state_machine import Snapshot

_ACCOUNT = r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})"
_AMOUNT = r"([1-9][0-9]{0,17})"  # a bound on what one message can make replicas compute
_TRANSFER = re.compile(rf"(deposit|withdraw) {_ACCOUNT} {_AMOUNT}")
_BALANCE = re.compile(rf"balance {_ACCOUNT}")

MALFORMED = "error: must be 'deposit ACCOUNT AMOUNT', 'withdraw ACCOUNT AMOUNT', 'balance ACCOUNT' or 'save'"

Balances = tuple[tuple[str, int], ...]


class Account:
    """Balances of all accounts, and the balances that were saved last."""

    __slots__ = ("_balances", "_saved", "_saves")

    def __init__(self) -> None:
        self._balances: dict[str, int] = {}
        self._saved: Balances = ()
        self._saves = 0

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
        if operation == "save":
            return self._save()
        if asked := _BALANCE.fullmatch(operation):
            return f"ok {self._balances.get(asked[1], 0)}"
        if transfer := _TRANSFER.fullmatch(operation):
            verb, account, amount = transfer.groups()
            return self._move(account, int(amount) if verb == "deposit" else -int(amount))
        return MALFORMED

    def digest(self) -> str:
        """Return a digest of the balances and of what was saved."""
        return digest_of("account", self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return balances, saved balances and the number of saves."""
        return (self.balances, self._saved, self._saves)

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything by a snapshot."""
        assert isinstance(snapshot, tuple)
        balances, self._saved, self._saves = snapshot
        self._balances = dict(balances)

    def _move(self, account: str, amount: int) -> str:
        balance = self._balances.get(account, 0)
        if balance + amount < 0:
            return f"error: {account} has {balance}"
        self._balances[account] = balance + amount
        return f"ok {balance + amount}"

    def _save(self) -> str:
        self._saved = self.balances
        self._saves += 1
        return f"saved {self._saves} {digest_of(self._saved)}"
