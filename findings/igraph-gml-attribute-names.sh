#!/usr/bin/env bash
# Title: igraph writes GML with renamed attributes that networkx cannot read back
# Field: graphs
# Packages: igraph==1.0.0 networkx==3.6.1
# Expected: delay_ms comes back as delay_ms, or the writer complains: GML keys hold letters and digits only.
# Seen: 2026-11-29. The underscore is dropped in silence (delay_ms becomes delayms), and networkx refuses the file for want of labels.
# For our users: Move graphs between the two libraries as GraphML, which keeps both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check igraph==1.0.0 networkx==3.6.1
cat > seen.txt <<'END'
warnings 0
igraph   ['delayms']
networkx node #0 has no 'label' attribute
graphml  [('n0', 'n1', {'delay_ms': 12.5})]
END
cat > program.py <<'END'
import warnings

import igraph
import networkx as nx

graph = igraph.Graph([(0, 1)], directed=True)
graph.vs["name"] = ["oslo", "rome"]
graph.es["delay_ms"] = [12.5]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    graph.write_gml("net.gml")
print("warnings", len(caught))
print("igraph  ", igraph.Graph.Read_GML("net.gml").es.attributes())
try:
    nx.read_gml("net.gml")
except nx.NetworkXError as error:
    print("networkx", error)
graph.write_graphml("net.graphml")
print("graphml ", list(nx.read_graphml("net.graphml").edges(data=True)))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
