"""Panels for clients of the Model Context Protocol: a panel to ask, the check of a tally, and the design of a panel.

`tally` says what so many equal answers of so many members are worth; `server` offers it, a panel and `bft.designing` as
tools, by the official library, over stdin and stdout.
"""
