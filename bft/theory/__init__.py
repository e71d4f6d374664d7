"""Closed forms with their sources: the exact laws that simulations are held against.

Pure functions on numbers and arrays; nothing is drawn, nothing is simulated. Who is faulty (`faults`), what that does
to one decision (`agreement`, `equivocation`, `lying`, `lossy_links`), what fallible validators make of it
(`same_answer`, `judge`, `recorded`), and what the source documents state instead (`source_documents`).

Examples
--------
>>> from bft.core.quorum import QuorumSystem
>>> from bft.theory import crash_law, independent
>>> crash_law(QuorumSystem.of(7), independent(7, [0.1, 0.25])).agree.round(5)
array([0.97431, 0.75641])
"""

from __future__ import annotations

from bft.theory.agreement import (
    MessageCount,
    alone_a_quorum,
    crash_law,
    liveness_bound,
    message_count,
    safety_bound,
    silent_primary_law,
    withhold_law,
)
from bft.theory.equivocation import equivocation_law
from bft.theory.errors_in_common import (
    ErrorLaw,
    ExchangeableErrors,
    MixedErrors,
    beta_binomial_errors,
    independent_errors,
    probit_errors,
)
from bft.theory.faults import (
    ExchangeableFaults,
    FaultLaw,
    IndependentFaults,
    at_most,
    faulty_weight,
    fixed,
    fraction,
    heterogeneous,
    independent,
    more_than,
)
from bft.theory.hotstuff import (
    chained_crash_law,
    chained_equivocation_law,
    hotstuff_message_count,
    share_with_a_run,
)
from bft.theory.judge import judge_law
from bft.theory.lossy_links import lossy_links_law
from bft.theory.lying import lying_law
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.recorded import RecordedQuorums, recorded_law, recorded_quorums
from bft.theory.same_answer import same_answer_law
from bft.theory.stake import StakeLaw
from bft.theory.wrong_answers import WrongAnswers

__all__ = [
    "ErrorLaw",
    "ExchangeableErrors",
    "ExchangeableFaults",
    "FaultLaw",
    "IndependentFaults",
    "MessageCount",
    "MixedErrors",
    "OutcomeLaw",
    "RecordedQuorums",
    "StakeLaw",
    "WrongAnswers",
    "alone_a_quorum",
    "at_most",
    "beta_binomial_errors",
    "chained_crash_law",
    "chained_equivocation_law",
    "crash_law",
    "equivocation_law",
    "faulty_weight",
    "fixed",
    "fraction",
    "heterogeneous",
    "hotstuff_message_count",
    "independent",
    "independent_errors",
    "judge_law",
    "liveness_bound",
    "lossy_links_law",
    "lying_law",
    "message_count",
    "more_than",
    "probit_errors",
    "recorded_law",
    "recorded_quorums",
    "safety_bound",
    "same_answer_law",
    "share_with_a_run",
    "silent_primary_law",
    "withhold_law",
]
