#!/usr/bin/env bash
# Title: Read by NetworKit, a delay that is a whole number becomes 0 or 1
# Field: graphs
# Packages: networkit==11.3 networkx==3.6.1
# Expected: The weights of a GraphML or GML file that networkx wrote come back, whole numbers among them; a file of one library can be read by the other.
# Seen: 2026-11-30. In the GraphML file the delays 3.5 and 2 of one attribute have two keys, for floating point and for integers; NetworKit reads the second as 0 and says nothing. From GML, its own too, it reads every weight as 1. The GraphML that it writes is refused by networkx: its namespace has another spelling.
# For our users: Write all delays as floats, and compare the sum of the weights after reading; or hand the graph over in memory (nxadapter), with a weight on every edge.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check networkit==11.3 networkx==3.6.1
cat > seen.txt <<'END'
written by networkx [2, 3.5]
GraphML read by NetworKit [0.0, 3.5]
GraphML with floats read by NetworKit [2.0, 3.5]
GML read by NetworKit [1.0, 1.0]
in memory [2.0, 3.5]
GraphML of NetworKit read by NetworKit [2.0, 3.5]
GML of NetworKit read by NetworKit [1.0, 1.0]
GraphML of NetworKit read by networkx: NetworkXError
END
cat > program.py <<'END'
import contextlib
import io

import networkit as nk
import networkx as nx

FORMATS = {"GraphML": (nx.write_graphml, nk.Format.GraphML), "GML": (nx.write_gml, nk.Format.GML)}
graph = nx.Graph()
graph.add_edge("n1", "n2", weight=3.5)
graph.add_edge("n2", "n3", weight=2)
floats = nx.Graph()
floats.add_weighted_edges_from((one, other, float(delay)) for one, other, delay in graph.edges.data("weight"))


def weights(links):
    return sorted(delay for _, _, delay in links.iterEdgesWeights())


def read(path, form):
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it has found
        return nk.readGraph(path, form)


def through(name, written):
    write, form = FORMATS[name]
    write(written, "file")
    return weights(read("file", form))


print("written by networkx", sorted(delay for _, _, delay in graph.edges.data("weight")))
print("GraphML read by NetworKit", through("GraphML", graph))
print("GraphML with floats read by NetworKit", through("GraphML", floats))
print("GML read by NetworKit", through("GML", floats))
own = nk.nxadapter.nx2nk(floats, weightAttr="weight")
print("in memory", weights(own))
for name, (_, form) in FORMATS.items():
    nk.writeGraph(own, f"own.{name}", form)
    print(name, "of NetworKit read by NetworKit", weights(read(f"own.{name}", form)))
try:
    print(nx.read_graphml("own.GraphML"))
except nx.NetworkXError as error:
    print("GraphML of NetworKit read by networkx:", type(error).__name__)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
