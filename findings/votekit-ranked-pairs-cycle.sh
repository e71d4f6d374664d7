#!/usr/bin/env bash
# Title: Where a beats b, b beats c and c beats a by as much, VoteKit's RankedPairs elects c and its Schulze a
# Field: votes and rankings
# Packages: votekit==3.5.0
# Expected: "Any ambiguity is resolved lexicographically", as the documentation of RankedPairs says, in favour of the first name, and ties are recorded in the state of the election, as CondoBorda does.
# Seen: 2026-11-30. Of three equal majorities RankedPairs locks the pairs of names by the alphabet, a over b, then c over a, so the last name wins; in the cycle the other way round b does. No tie is recorded, and tiebreak="random" changes nothing. Schulze gives a, CondoBorda draws one and says so.
# For our users: Look for a cycle before you name one winner (a set of three is the honest answer), and do not compare rules by such rounds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check votekit==3.5.0
cat > seen.txt <<'END'
abc bca cab: RankedPairs c ties recorded 0 with tiebreak='random' {'c'}
abc bca cab: Schulze a
abc bca cab: CondoBorda ties recorded 1
acb cba bac: RankedPairs b ties recorded 0 with tiebreak='random' {'b'}
acb cba bac: Schulze a
acb cba bac: CondoBorda ties recorded 1
END
cat > program.py <<'END'
import contextlib
import io

from votekit import RankBallot, RankProfile
from votekit.elections import CondoBorda, RankedPairs, Schulze


def winner(election):
    (elected,) = election.get_elected()
    return "".join(elected)


def ties(election):
    return len(election.election_states[-1].tiebreaks)


for cycle in ("abc bca cab", "acb cba bac"):
    profile = RankProfile(ballots=[RankBallot(ranking=[{option} for option in ballot]) for ballot in cycle.split()],
                          candidates=["a", "b", "c"], max_ranking_length=3)
    ranked = RankedPairs(profile)
    print(f"{cycle}: RankedPairs", winner(ranked), "ties recorded", ties(ranked), "with tiebreak='random'",
          {winner(RankedPairs(profile, tiebreak="random")) for _ in range(20)})
    print(f"{cycle}: Schulze", winner(Schulze(profile)))
    with contextlib.redirect_stdout(io.StringIO()):
        drawn = CondoBorda(profile)
    print(f"{cycle}: CondoBorda ties recorded", ties(drawn))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
