#!/usr/bin/env bash
# Title: In pref_voting a ballot that names one option says nothing against the options it leaves out
# Field: votes and rankings
# Packages: pref_voting==1.18.2 votekit==3.5.0
# Expected: An option that three of five ballots name alone, at first place, beats each other option; by VoteKit it does, and wins by Schulze and ranked pairs.
# Seen: 2026-11-30. By pref_voting every margin of that option is 0: Copeland elects an option with one ballot of five, Schulze and ranked pairs tie, and there is no Condorcet winner. After use_extended_strict_preference() it agrees with VoteKit; a profile read from a PrefLib file of incomplete orders starts without it, too. 
# For our users: Answers of models are ballots with one name. Call use_extended_strict_preference() before any rule that compares pairs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pref_voting==1.18.2 votekit==3.5.0
cat > seen.txt <<'END'
first places {'a': 3, 'b': 1, 'c': 1}
pref_voting as built margin of a over b 0 Condorcet winner none
pref_voting as built copeland b schulze a b ranked_pairs a b
pref_voting as read from PrefLib margin of a over b 0 Condorcet winner none
pref_voting as read from PrefLib copeland b schulze a b ranked_pairs a b
pref_voting extended margin of a over b 2 Condorcet winner a
pref_voting extended copeland a schulze a ranked_pairs a
votekit schulze a ranked_pairs a
END
cat > program.py <<'END'
import pathlib

from pref_voting.io.readers import preflib_to_profile
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.voting_methods import beat_path, copeland, ranked_pairs
from votekit import RankBallot, RankProfile
from votekit.elections import RankedPairs, Schulze

BALLOTS = ["a", "a", "a", "bc", "c"]
PREFLIB = """# FILE NAME: panel.soi
# TITLE: panel
# DATA TYPE: soi
# MODIFICATION TYPE: original
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 5
# NUMBER UNIQUE ORDERS: 3
# ALTERNATIVE NAME 1: a
# ALTERNATIVE NAME 2: b
# ALTERNATIVE NAME 3: c
3: 1
1: 2,3
1: 3
"""


def names(winners):
    return " ".join(sorted(str(winner) for winner in winners))


def report(label, profile):
    condorcet = profile.condorcet_winner()
    print(label, "margin of a over b", profile.margin("a", "b"), "Condorcet winner", condorcet or "none")
    print(label, "copeland", names(copeland(profile)), "schulze", names(beat_path(profile)),
          "ranked_pairs", names(ranked_pairs(profile)))


def built():
    return ProfileWithTies([{option: rank for rank, option in enumerate(ballot, 1)} for ballot in BALLOTS],
                           candidates=["a", "b", "c"])


print("first places", {option: sum(ballot[0] == option for ballot in BALLOTS) for option in "abc"})
report("pref_voting as built", built())
pathlib.Path("panel.soi").write_text(PREFLIB)
report("pref_voting as read from PrefLib", preflib_to_profile("panel.soi", use_cand_names=True))
extended = built()
extended.use_extended_strict_preference()
report("pref_voting extended", extended)
profile = RankProfile(ballots=[RankBallot(ranking=[{option} for option in ballot]) for ballot in BALLOTS],
                      candidates=["a", "b", "c"], max_ranking_length=3)
print("votekit schulze", names(Schulze(profile).get_elected()[0]),
      "ranked_pairs", names(RankedPairs(profile).get_elected()[0]))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
