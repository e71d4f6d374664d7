#!/usr/bin/env bash
# Title: evalica's eigenvector scores put the model that lost most on top
# Field: LLM evaluation data
# Packages: evalica==0.4.2 numpy==2.4.6 pandas==3.1.1
# Expected: The more comparisons a model wins, the higher it stands, as in the other six rankings of the package; Bonacich's measure, which it cites, sums the scores of those one has won against.
# Seen: 2026-11-30. a beats b, b beats c and a beats c in three of four comparisons each: six rankings say a, b, c, and eigen says c, b, a. The eigenvector of the transposed matrix of wins gives these values, that of the matrix of wins a, b, c.
# For our users: Do not pick models by it; exchange the winners first, or take another ranking.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check evalica==0.4.2 numpy==2.4.6 pandas==3.1.1
cat > seen.txt <<'END'
average_win_rate a b c
bradley_terry a b c
counting a b c
elo a b c
newman a b c
pagerank a b c
eigen c b a
eigen a 0.37 b 0.53 c 0.76
eigenvector of wins a 0.76 b 0.53 c 0.37
END
cat > program.py <<'END'
import evalica
import numpy as np
from evalica import Winner

X, Y = Winner.X, Winner.Y
rows = [pair + (winner,) for pair in (("a", "b"), ("b", "c"), ("a", "c")) for winner in (X, X, X, Y)]
first, second, winners = (list(column) for column in zip(*rows))
for method in ("average_win_rate", "bradley_terry", "counting", "elo", "newman", "pagerank", "eigen"):
    scores = getattr(evalica, method)(first, second, winners).scores
    print(method, *scores.sort_values(ascending=False).index)
print("eigen", *(f"{name} {scores[name]:.2f}" for name in "abc"))
wins = np.zeros((3, 3))
for one, other, winner in rows:
    pair = (one, other) if winner == X else (other, one)
    wins[tuple("abc".index(name) for name in pair)] += 1
values, vectors = np.linalg.eig(wins)
vector = np.abs(vectors[:, np.argmax(values.real)].real)
print("eigenvector of wins", *(f"{name} {value:.2f}" for name, value in zip("abc", vector)))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
