#!/usr/bin/env bash
# Title: What five of nine voters put first loses by preflibtools' Copeland, Bucklin and fallback rules
# Field: votes and rankings
# Packages: preflibtools==2.0.33
# Expected: The first choice of a majority wins by Copeland (who wins most pairwise contests), by Bucklin and by fallback voting (a majority at the first rank), as it does by these rules' definitions; it is the Condorcet winner, and the package says that there is one.
# Seen: 2026-11-30. All three give b, the first choice of four. copeland_winner adds margins of votes, which is Borda's order, not contests won. The other two start from rank two whatever rank one said, and of several orders that begin with one option only the last one's voters count for rank one.
# For our users: Count these rules from its pairwise_scores or with another package (pref_voting gives a), and try them on a majority first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check preflibtools==2.0.33
cat > seen.txt <<'END'
first places {'a': 5, 'b': 4, 'c': 0}
a Condorcet winner exists: True
plurality_winner a
copeland_winner b
bucklin_voting_winner b
fallback_voting_winner b
END
cat > program.py <<'END'
from preflibtools.aggregation import singlewinner
from preflibtools.instances import OrdinalInstance
from preflibtools.properties import has_condorcet

ORDERS = {"abc": 3, "acb": 2, "bca": 4}
instance = OrdinalInstance()
instance.append_order_list([tuple(("abc".index(option) + 1,) for option in order)
                            for order, voters in ORDERS.items() for _ in range(voters)])
print("first places", {option: sum(n for order, n in ORDERS.items() if order[0] == option) for option in "abc"})
print("a Condorcet winner exists:", has_condorcet(instance))
for rule in ("plurality", "copeland", "bucklin_voting", "fallback_voting"):
    winners = getattr(singlewinner, f"{rule}_winner")(instance)
    print(f"{rule}_winner", *("abc"[winner - 1] for winner in sorted(winners)))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
