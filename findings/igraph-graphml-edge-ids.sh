#!/usr/bin/env bash
# Title: igraph gives GraphML edges the identifiers of nodes
# Field: graphs
# Packages: igraph==1.0.0 networkx==3.6.1
# Expected: The attribute id of an edge is the id that the file gives it.
# Seen: 2026-11-29. The edges called link-1 and link-2 come back with the ids of the first two nodes.
# For our users: Never join a table of link delays to a graph by the edge ids that igraph read; join by the two ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check igraph==1.0.0 networkx==3.6.1
cat > seen.txt <<'END'
written  ['id="link-1">', 'id="link-2">']
igraph   ['oslo', 'rome']
END
cat > program.py <<'END'
import igraph
import networkx as nx

graph = nx.DiGraph()
graph.add_edge("oslo", "rome", link="link-1")
graph.add_edge("rome", "lima", link="link-2")
nx.write_graphml(graph, "net.graphml", edge_id_from_attribute="link")
with open("net.graphml") as file:
    print("written ", [line.split()[3] for line in file if "<edge" in line])
print("igraph  ", igraph.Graph.Read_GraphML("net.graphml").es["id"])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
