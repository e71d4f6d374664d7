"""The SimPy host of consensus runs: links and fabric, clients, node lifecycles, journals, and what a run reports."""
