"""The explorer of PBFT under its older name; it stands in `bft.checking.pbft.explorer`."""

from __future__ import annotations

from bft.checking.pbft.explorer import Exploration as Exploration
from bft.checking.pbft.explorer import ExplorerConfig as ExplorerConfig
from bft.checking.pbft.explorer import Step as Step
from bft.checking.pbft.explorer import explore as explore
