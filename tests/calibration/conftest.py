"""The made-up tables are those of the validators' tests."""

from __future__ import annotations

from tests.validators.conftest import made_up as made_up
from tests.validators.conftest import write_table as write_table
