"""Lets `python -m bft` do what `bft` does."""

from __future__ import annotations

import sys

from bft.cli import console

if __name__ == "__main__":
    sys.exit(console())
