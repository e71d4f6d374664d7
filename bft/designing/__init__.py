"""Which panel to ask: members, rule and quorum chosen from recorded answers or numbers, and what the choice is worth.

`design` searches; `held_out` judges each choice on questions that it was not made on; `effective_votes` and
`error_groups` say how many validators a panel really has; `without_gold` estimates accuracies where nobody knows the
right answers. What a rule decides is `bft.voting`, how a scenario runs `bft.simulation`.

Examples
--------
>>> from bft.designing import design
>>> found = design(accuracies=[0.9, 0.85, 0.8, 0.8, 0.7], r=0.5, tau=0.3, max_wrong=0.05)
>>> found.recommended.n, found.recommended.rule, found.recommended.quorum
(5, 'quorum', 4)
"""

from __future__ import annotations

from bft.designing.effective_votes import EffectiveVotes, effective_votes
from bft.designing.result import Design
from bft.designing.search import design
from bft.designing.without_gold import WithoutGold, dawid_skene, one_parameter

__all__ = [
    "Design",
    "EffectiveVotes",
    "WithoutGold",
    "dawid_skene",
    "design",
    "effective_votes",
    "one_parameter",
]
