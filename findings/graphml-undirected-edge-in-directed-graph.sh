#!/usr/bin/env bash
# Title: A GraphML edge marked directed=false: networkx refuses the file, igraph drops the mark
# Field: graphs
# Packages: igraph==1.0.0 networkx==3.6.1
# Expected: GraphML allows the mark on single edges; a reader can add both directions, or say that it cannot.
# Seen: 2026-11-29. networkx raises NetworkXError; igraph returns one arc and no warning, so the way back is missing.
# For our users: Exchange overlays with every direction written as an edge of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check igraph==1.0.0 networkx==3.6.1
cat > seen.txt <<'END'
networkx directed=false edge found in directed graph.
igraph   directed: True edges: [(0, 1)] warnings: 0
END
cat > program.py <<'END'
import warnings

import igraph
import networkx as nx

nx.write_graphml(nx.DiGraph([("a", "b")]), "net.graphml")
with open("net.graphml") as file:
    text = file.read()
with open("net.graphml", "w") as file:
    file.write(text.replace("<edge ", '<edge directed="false" '))
try:
    nx.read_graphml("net.graphml")
except nx.NetworkXError as error:
    print("networkx", error)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    graph = igraph.Graph.Read_GraphML("net.graphml")
print("igraph   directed:", graph.is_directed(), "edges:", graph.get_edgelist(), "warnings:", len(caught))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
