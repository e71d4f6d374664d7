#!/usr/bin/env bash
# Title: One True in a GraphML file of networkx makes rustworkx refuse it
# Field: graphs
# Packages: networkx==3.6.1 rustworkx==0.18.1 igraph==1.0.0
# Expected: A boolean of GraphML is one of XML: true or false. Two libraries for graphs read each other's files.
# Seen: 2026-11-30. networkx writes Python's True, rustworkx reads true and false only and raises; igraph reads both, and writes true, after which rustworkx reads the file.
# For our users: Write marks of nodes (a validator, a client) as 0 and 1, or pass the file through igraph.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkx==3.6.1 rustworkx==0.18.1 igraph==1.0.0
cat > seen.txt <<'END'
networkx wrote boolean True
rustworkx Exception Failed conversion to 'bool': provided string was not `true` or `false`
igraph [True, False]
igraph wrote boolean true
rustworkx [True, False]
END
cat > program.py <<'END'
import re
from pathlib import Path

import igraph
import networkx as nx
import rustworkx as rx

FILE = Path("graph.graphml")


def written(library):
    text = FILE.read_text()
    key, kind = re.search(r'<key id="(\w+)" for="node" attr.name="validator" attr.type="(\w+)"', text).groups()
    print(library, "wrote", kind, re.search(rf'<data key="{key}">(\w+)</data>', text)[1])


def read():
    try:
        print("rustworkx", [node["validator"] for node in rx.read_graphml(str(FILE))[0].nodes()])
    except Exception as error:
        print("rustworkx", type(error).__name__, error)


graph = nx.DiGraph()
graph.add_node("a", validator=True)
graph.add_node("b", validator=False)
nx.write_graphml(graph, FILE)
written("networkx")
read()
graph = igraph.Graph.Read_GraphML(str(FILE))
print("igraph", graph.vs["validator"])
graph.write_graphml(str(FILE))
written("igraph")
read()
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
