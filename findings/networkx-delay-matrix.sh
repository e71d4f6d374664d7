#!/usr/bin/env bash
# Title: A delay matrix read by networkx: NaN is a link, and two directions become one
# Field: graphs
# Packages: networkx==3.6.1 numpy==2.4.6 pandas==3.1.1
# Expected: NaN, the usual mark of a pair that was not measured, gives no edge; two different directions are not silently merged.
# Seen: 2026-11-29. NaN gives an edge of weight nan, over which a path has length nan; of 3 and 5 the later one stays, for both directions.
# For our users: Build a network from a table of measured delays with create_using=DiGraph, and drop the pairs without a value first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkx==3.6.1 numpy==2.4.6 pandas==3.1.1
cat > seen.txt <<'END'
pandas [('a', 'b', 5.0), ('a', 'c', nan), ('b', 'c', 2.0)]
length a-c nan
numpy  [(0, 1, 5.0)]
END
cat > program.py <<'END'
import networkx as nx
import numpy as np
import pandas as pd

nan = float("nan")
table = pd.DataFrame([[0, 3, nan], [5, 0, 2], [nan, 2, 0]], index=list("abc"), columns=list("abc"))
graph = nx.from_pandas_adjacency(table)
print("pandas", list(graph.edges(data="weight")))
print("length a-c", nx.path_weight(graph, ["a", "c"], "weight"))
print("numpy ", list(nx.from_numpy_array(np.array([[0.0, 3.0], [5.0, 0.0]])).edges(data="weight")))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
