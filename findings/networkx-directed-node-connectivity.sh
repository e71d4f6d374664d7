#!/usr/bin/env bash
# Title: node_connectivity of a directed graph can exceed its smallest vertex cut
# Field: graphs
# Packages: networkx==3.6.1
# Expected: The documentation calls it the least number of nodes whose removal disconnects the graph, for a graph or a digraph.
# Seen: 2026-11-29. A strongly connected digraph of four nodes in which the loss of node 1 alone cuts others off is given 2. Mended upstream after this release.
# For our users: Count the connectivity of directed overlays as the least maximum flow over ordered pairs that are not adjacent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkx==3.6.1
cat > seen.txt <<'END'
node_connectivity 2
without 0 strongly connected: True
without 1 strongly connected: False
without 2 strongly connected: False
without 3 strongly connected: True
END
cat > program.py <<'END'
import networkx as nx

graph = nx.DiGraph([(0, 1), (0, 2), (1, 0), (1, 3), (2, 1), (2, 3), (3, 2)])
print("node_connectivity", nx.node_connectivity(graph))
nodes = sorted(graph)
for node in nodes:
    rest = graph.subgraph(other for other in nodes if other != node)
    print("without", node, "strongly connected:", nx.is_strongly_connected(rest))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
