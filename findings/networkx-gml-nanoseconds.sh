#!/usr/bin/env bash
# Title: A delay of three seconds in nanoseconds comes back from GML as text
# Field: graphs
# Packages: networkx==3.6.1 igraph==1.0.0
# Expected: An integer attribute is an integer after writing and reading, whatever its size.
# Seen: 2026-11-30. networkx writes integers from 2^31 on as strings, so that one attribute is a number on some links and text on others; igraph then reads text on all.
# For our users: Compare or add delays in nanoseconds after a GML file and it fails, or sorts by characters. Keep delays in seconds as floats.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkx==3.6.1 igraph==1.0.0
cat > seen.txt <<'END'
networkx a b 2000000000
networkx b c '3000000000'
igraph ['2000000000', '3000000000']
END
cat > program.py <<'END'
import igraph
import networkx as nx

graph = nx.Graph()
graph.add_edge("a", "b", delay_ns=2_000_000_000)
graph.add_edge("b", "c", delay_ns=3_000_000_000)
nx.write_gml(graph, "delays.gml")
for first, second, delay_ns in nx.read_gml("delays.gml").edges(data="delay_ns"):
    print("networkx", first, second, repr(delay_ns))
print("igraph", igraph.Graph.Read_GML("delays.gml").es["delay_ns"])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
