"""Build wheel and sdist, and try them where nothing else is installed.

`python release/try_package.py core`      the wheel with the core dependencies alone, then the sdist: `make package`
`python release/try_package.py extras`    the wheel with each extra by itself, and a command that needs it
`python release/try_package.py lowest`    the wheel with the oldest dependencies that pyproject.toml allows

The last two are part of `make nightly`. Environments are made without pip, in a temporary folder; this Python's pip
fills them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "out" / "dist"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE_LOCK, LOCK = ROOT / "requirements.core.lock", ROOT / "requirements.lock"

AGREEMENT = ("-m", "bft", "agreement", "--n", "4,7", "--delta", "0,0.3", "--replications", "200", "--quiet")
FAKES = "fake:always=42,fake:always=42,fake:always=42,fake:always=41"
TRIED = {
    "tables": (
        ("-m", "bft", "sweep", "--over", "n=4,7", "--replications", "5", "--store", "s.sqlite", "--records", "--quiet"),
        ("-m", "bft", "export", "s.sqlite", "runs.parquet", "--records"),
        ("-c", "import bft; print(bft.sweep(replications=5, progress=False).to_dataframe())"),
    ),
    "cluster": (("-m", "bft", "sweep", "--over", "n=4,7", "--replications", "5", "--cluster", "2", "--quiet"),),
    "redis": (("-c", "from bft.resilience.redis_cache import RedisCache; RedisCache('redis://127.0.0.1:6379/0')"),),
    "langchain": (("-m", "bft", "panel", "Six times seven?", "--models", FAKES),),
    "notebooks": (("-c", "from bft.notebook.sliders import outcome_sliders; outcome_sliders()"),),
    "jupyter": (("-m", "jupyterlab", "--version"),),
    "docs": (("-m", "sphinx", "--version"),),
    "hypothesis": (("-c", "from bft.checking.strategies import schedules"),),
    "local": (("-c", "import xllamacpp, bft.live.local.process"),),
    "mcp": (("-c", "from bft.model_context.server import server; server()"),),
}
"""What is run with each extra alone. The extras `test` and `dev` are what `make test` and `make check` use."""

TESTING = ("pytest>=9.0", "hypothesis>=6.112", "pytest-benchmark>=5.1")
QUIET = ("-W", "ignore::DeprecationWarning")  # of old libraries about their own, younger ones
LOWEST_TESTS = ("tests/voting", "tests/scenario", "tests/protocols", "tests/golden")
"""Rooms whose tests need the core dependencies alone."""


def main(words: Sequence[str]) -> None:
    """Build, then try what was asked for."""
    ways = {"core": try_core, "extras": try_extras, "lowest": try_lowest}
    if len(words) != 1 or words[0] not in ways:
        raise SystemExit(f"usage: try_package.py {'|'.join(ways)}")
    wheel, sdist = build()
    with tempfile.TemporaryDirectory() as folder:
        ways[words[0]](Path(folder), wheel, sdist)


def build() -> tuple[Path, Path]:
    """Build both into out/dist, and look at what they hold."""
    for old in DIST.glob("*"):
        old.unlink()
    run([sys.executable, "-m", "hatchling", "build", "-d", str(DIST)], ROOT)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    check_contents(wheel, sdist)
    return wheel, sdist


def check_contents(wheel: Path, sdist: Path) -> None:
    """Refuse a wheel that lacks a file of the package or holds anything else, and a sdist without tests or licence."""
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bft").rglob("*") if path.is_file()}
    package = {name for name in package if "__pycache__" not in name}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert not package - held, f"the wheel lacks {sorted(package - held)[:3]}"
    assert all(name.startswith(("bft/", "bft_lab-")) for name in held), "the wheel holds more than the package"
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert package | {"LICENSE", "README.md", "pyproject.toml", "requirements.lock"} <= names, "the sdist lacks files"
    assert not any(name.startswith((".ci/", "out/", ".venv")) for name in names), "the sdist holds what is not source"


def try_core(folder: Path, wheel: Path, sdist: Path) -> None:
    """Run the main job with the core dependencies alone, from the wheel; then one run from the sdist."""
    python = environment(folder / "core", ["--require-hashes", "--requirement", str(CORE_LOCK)])
    install(python, ["--no-deps", str(wheel)])
    run([python, *AGREEMENT, "--out", "agreement"], folder)
    made = {path.name for path in (folder / "agreement").iterdir()}
    assert {"agreement.png", "agreement.svg", "estimates.csv", "manifest.json", "report.html"} <= made
    refused = subprocess.run(
        [python, "-m", "bft", "panel", "Q?", "--models", "fake:yes=1"], cwd=folder, capture_output=True, text=True
    )
    assert refused.returncode == 2, refused.stderr
    assert "bft-lab[langchain]" in refused.stderr, refused.stderr
    install(python, ["--no-deps", "--no-build-isolation", "--force-reinstall", str(sdist)])
    run([python, "-m", "bft", "run", "--json"], folder)
    print(f"package: {wheel.name} and {sdist.name} run with the core dependencies alone")


def try_extras(folder: Path, wheel: Path, _: Path) -> None:
    """Run a command of each extra where only that extra is installed, in the versions of the lock."""
    pins = folder / "pins.txt"
    pins.write_text("\n".join(f"{name}=={version}" for name, version in pinned(LOCK).items()), encoding="utf-8")
    untried = set(PROJECT["optional-dependencies"]) - set(TRIED) - {"test", "dev"}
    assert not untried, f"nothing is tried with the extras {sorted(untried)}"
    for extra, commands in TRIED.items():
        python = environment(folder / extra, ["--constraint", str(pins), f"{wheel}[{extra}]"])
        for words in commands:
            run([python, *words], folder)
        print(f"package: the extra {extra} runs by itself")


def try_lowest(folder: Path, wheel: Path, _: Path) -> None:
    """Run the main job and the tests of the lowest rooms with the oldest core dependencies that are allowed."""
    oldest = [requirement.partition(";")[0].strip().replace(">=", "==") for requirement in PROJECT["dependencies"]]
    python = environment(folder / "lowest", [*oldest, str(wheel), *TESTING])
    run([python, *AGREEMENT, "--out", "agreement"], folder)
    run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUIET, *LOWEST_TESTS], ROOT)
    print(f"package: runs with {', '.join(oldest)}")


def environment(place: Path, requirements: Sequence[str]) -> str:
    """Make an environment with some packages and return its Python."""
    venv.EnvBuilder(with_pip=False).create(place)
    python = str(place / "bin" / "python")
    install(python, requirements)
    return python


def install(python: str, requirements: Sequence[str]) -> None:
    """Install into an environment that has no pip of its own."""
    quiet = ["--disable-pip-version-check", "--no-input", "--quiet", "--quiet", "--no-compile"]
    run([sys.executable, "-m", "pip", "--python", python, "install", *quiet, *requirements], ROOT)


def pinned(lock: Path) -> dict[str, str]:
    """Return the version of each package that a lock names."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))


def run(words: Sequence[str], folder: Path) -> None:
    """Run a command; one that fails shows what it said."""
    done = subprocess.run(list(words), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main(sys.argv[1:])
