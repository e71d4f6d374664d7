#!/usr/bin/env bash
# Title: In a GraphML file of rustworkx, a node's load comes back as the delay of a link
# Field: graphs
# Packages: rustworkx==0.18.1 networkx==3.6.1 igraph==1.0.0
# Expected: The ids of the keys in a file differ, as XML ids must; what rustworkx writes, other readers of GraphML read.
# Seen: 2026-11-30. The keys of nodes and those of edges are both numbered from d1. networkx calls the load of a node delay_s, and refuses the file where the types differ; igraph tells them apart. rustworkx itself reads 0.08 back in single precision.
# For our users: Write graphs for `network.topology` with networkx or igraph; check the names of the attributes of a file from rustworkx.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check rustworkx==0.18.1 networkx==3.6.1 igraph==1.0.0
cat > seen.txt <<'END'
node load d1, edge delay_s d1
rustworkx [{'load': 0.25}, {'load': 0.75}] [{'delay_s': 0.07999999821186066}]
networkx [{'delay_s': 0.25}, {'delay_s': 0.75}] [{'delay_s': 0.08}]
igraph {'load': [0.25, 0.75]} {'delay_s': [0.08]}
networkx ValueError invalid literal for int() with base 10: 'eu'
END
cat > program.py <<'END'
import re
from pathlib import Path

import igraph
import networkx as nx
import rustworkx as rx


def write(first, second, link):
    graph = rx.PyDiGraph()
    graph.add_edge(graph.add_node(first), graph.add_node(second), link)
    rx.write_graphml(graph, "graph.graphml")


write({"load": 0.25}, {"load": 0.75}, {"delay_s": 0.08})
keys = re.findall(r'<key id="(\w+)" for="(\w+)" attr.name="(\w+)"', Path("graph.graphml").read_text())
print(", ".join(f"{kind} {name} {key}" for key, kind, name in keys))
again = rx.read_graphml("graph.graphml")[0]
print("rustworkx", [{key: node[key] for key in sorted(node) if key != "id"} for node in again.nodes()], again.edges())
graph = nx.read_graphml("graph.graphml")
print("networkx", [data for _, data in graph.nodes(data=True)], [data for *_, data in graph.edges(data=True)])
graph = igraph.Graph.Read_GraphML("graph.graphml")
print("igraph", {name: graph.vs[name] for name in graph.vs.attributes() if name != "id"},
      {name: graph.es[name] for name in graph.es.attributes()})
write({"name": "eu"}, {"name": "us"}, {"delay_ms": 80})
try:
    nx.read_graphml("graph.graphml")
except ValueError as error:
    print("networkx", type(error).__name__, error)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
