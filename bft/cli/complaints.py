"""What goes to stderr: one line each, which begins with the name of the program."""

from __future__ import annotations

import sys


def complain(message: str) -> None:
    """Write one line to stderr."""
    print(f"bft: {' '.join(message.split())}", file=sys.stderr)
