"""What all tests share: Hypothesis profiles, a display that needs no screen, and where the reference data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

# A deadline measures the machine, not the code, so no profile has one.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "nightly", deadline=None, max_examples=5000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that renews what is compared with."""
    parser.addoption("--record", action="store_true", help="write recorded transcripts and baseline images anew")


REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def record(request: pytest.FixtureRequest) -> bool:
    """Whether recorded files are to be written anew."""
    return bool(request.config.getoption("--record"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the reference data: `BFT_SHARED`, or the folder `shared` beside the checkout.

    The data do not belong to the repository. Without them a test is skipped, unless `BFT_REQUIRE_DATA=1` says that
    they must be there.
    """
    folder = Path(os.environ.get("BFT_SHARED") or REPOSITORY.parent / "shared")
    if folder.is_dir():
        return folder
    missing = f"no reference data at {folder}; BFT_SHARED names their folder"
    if os.environ.get("BFT_REQUIRE_DATA") == "1":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
