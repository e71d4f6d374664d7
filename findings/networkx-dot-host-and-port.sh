#!/usr/bin/env bash
# Title: Replicas named host:port come back from a DOT file of networkx as twice as many
# Field: graphs
# Packages: networkx==3.6.1 pydot==4.0.1
# Expected: write_dot quotes a name that is no plain word of DOT, as it does with a blank, or refuses it; read_dot gives the same nodes.
# Seen: 2026-11-30. The port is written as a port of DOT behind the quoted host: 10.0.0.1:8000 becomes a node 10.0.0.1 that has the attributes and no link, and a node with a quotation mark in its name that has the link. No warning.
# For our users: Name replicas by numbers, or move an overlay as GraphML, which keeps such names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkx==3.6.1 pydot==4.0.1
cat > seen.txt <<'END'
written ['10.0.0.1:8000', '10.0.0.2:8000', 'us east']
read ['10.0.0.1', '10.0.0.1":8000', '10.0.0.2', '10.0.0.2":8000', 'us east']
load of 10.0.0.1 3 links []
links [('10.0.0.1":8000', '10.0.0.2":8000')]
GraphML ['10.0.0.1:8000', '10.0.0.2:8000', 'us east']
END
cat > program.py <<'END'
import networkx as nx

graph = nx.DiGraph()
graph.add_node("10.0.0.1:8000", load=3)
graph.add_edge("10.0.0.1:8000", "10.0.0.2:8000", delay_ms=80)
graph.add_node("us east")
nx.nx_pydot.write_dot(graph, "overlay.dot")
again = nx.nx_pydot.read_dot("overlay.dot")
print("written", sorted(graph))
print("read", sorted(again))
print("load of 10.0.0.1", again.nodes["10.0.0.1"]["load"], "links", list(again.edges("10.0.0.1")))
print("links", list(again.edges()))
nx.write_graphml(graph, "overlay.graphml")
print("GraphML", sorted(nx.read_graphml("overlay.graphml")))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
