"""`bft fields`: every field of a scenario, or those of one name."""

from __future__ import annotations

import json
from argparse import Namespace

from bft.cli.output import tell
from bft.reference.fields import named, scenario_fields
from bft.reference.words import details, table, to_json


def fields_command(arguments: Namespace) -> int:
    """Print fields of a scenario: as a table, one of them in full, or all as JSON."""
    found = scenario_fields() if arguments.name is None else tuple(named(arguments.name))
    if arguments.json:
        tell(json.dumps(to_json(found), indent=1, ensure_ascii=False))
    elif arguments.name is None:
        tell(f"{table(found)}\n\n`bft fields NAME` tells range, example, and who honours a field.")
    else:
        here = [each for each in found if each.path == arguments.name]
        below = [each for each in found if each.path != arguments.name]
        parts = [*map(details, here), *([table(below)] if below else [])]
        tell("\n\n".join(parts))
    return 0
