"""What a scenario can say, field by field, read off the settings: names, types, units, ranges, who honours it.

>>> from bft.reference import field
>>> view = field("pbft.view_timeout_s")
>>> view.type, view.unit, view.default, view.range
('number', 'seconds', '10', 'more than 0')
"""

from __future__ import annotations

from bft.reference.fields import Field, field, scenario_fields
from bft.reference.honoured import Honoured, honoured

__all__ = ["Field", "Honoured", "field", "honoured", "scenario_fields"]
