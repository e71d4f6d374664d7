#!/usr/bin/env bash
# Title: Of equally short paths, the dijkstra of scipy 1.17 takes others than that of 1.15
# Field: graphs
# Packages: scipy==1.15.0 scipy==1.17.1 networkx==3.6.1 numpy==2.2.6
# Expected: The same predecessors for the same matrix in every release.
# Seen: 2026-11-30. In a grid of six nodes with equal weights the routes of 1.15.0 and 1.17.1 differ; their lengths do not.
# For our users: Routes over a graph, and with them loss and queues on its links, depend on the release. Choose among equal paths by a rule of your own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > seen.txt <<'END'
1.15.0 50 [[-9999, 0, 1, 0, 1, 4], [1, -9999, 1, 0, 1, 4], [1, 2, -9999, 4, 1, 2], [3, 0, 1, -9999, 3, 4], [1, 4, 1, 4, -9999, 4], [1, 2, 5, 4, 5, -9999]]
1.17.1 50 [[-9999, 0, 1, 0, 3, 4], [1, -9999, 1, 4, 1, 4], [1, 2, -9999, 4, 5, 2], [3, 4, 5, -9999, 3, 4], [3, 4, 5, 4, -9999, 4], [3, 4, 5, 4, 5, -9999]]
END
cat > program.py <<'END'
import networkx as nx
import numpy as np
import scipy
from scipy.sparse.csgraph import dijkstra

grid = nx.to_scipy_sparse_array(nx.convert_node_labels_to_integers(nx.grid_2d_graph(2, 3)), dtype=float)
lengths, before = dijkstra(grid, return_predecessors=True)
print(scipy.__version__, int(np.nansum(lengths)), before.tolist())
END
: > now.txt
for version in 1.15.0 1.17.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install -q --disable-pip-version-check "scipy==$version" networkx==3.6.1 numpy==2.2.6
  "venv-$version/bin/python" -W ignore program.py >> now.txt
done
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
