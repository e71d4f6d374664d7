"""What `bft run --export FORMAT=FILE` writes: the run in the formats of other people's viewers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bft.cli.run_words import title_of
from bft.errors import BftError, bad_value
from bft.simulation.run import Run


def _perfetto(run: Run, file: Path) -> None:
    from bft.exporting.perfetto import perfetto

    assert run.journal is not None
    file.write_text(json.dumps(perfetto(run.journal)) + "\n", encoding="utf-8")


def _shiviz(run: Run, file: Path) -> None:
    from bft.exporting.shiviz import shiviz

    assert run.journal is not None
    file.write_text(shiviz(run.journal), encoding="utf-8")


def _mermaid(run: Run, file: Path) -> None:
    from bft.exporting.mermaid import mermaid

    assert run.journal is not None
    file.write_text(mermaid(run.journal), encoding="utf-8")


def _html(run: Run, file: Path) -> None:
    from bft.exporting.run_report import run_report

    file.write_text(run_report(run), encoding="utf-8")


def _picture(run: Run, file: Path) -> None:
    from bft.plotting.space_time import space_time_figure  # matplotlib takes long to load
    from bft.plotting.style import write

    assert run.journal is not None
    write(space_time_figure(run.journal.diagram(title_of(run))), file)


def _animation(run: Run, file: Path) -> None:
    from bft.plotting.animation import animation, save_animation

    assert run.journal is not None
    save_animation(animation(run.journal.diagram(title_of(run))), file)


def _latency(run: Run, file: Path) -> None:
    from bft.plotting.over_time import latency_figure
    from bft.plotting.style import write

    write(latency_figure(run, title_of(run)), file)


PICTURES = (".png", ".svg", ".pdf")
ENDINGS = {"picture": PICTURES, "latency": PICTURES, "animation": (".gif", ".mp4")}

FORMATS: dict[str, Callable[[Run, Path], None]] = {
    "animation": _animation,
    "html": _html,
    "latency": _latency,
    "mermaid": _mermaid,
    "perfetto": _perfetto,
    "picture": _picture,
    "shiviz": _shiviz,
}


def exports_of(words: Sequence[str]) -> dict[str, Path]:
    """Return which format goes to which file; refuse what cannot be written before anything runs.

    Raises `BftError` if a format is unknown or named twice, or a file cannot be written.
    """
    wanted: dict[str, Path] = {}
    for word in words:
        name, _, target = word.partition("=")
        if name not in FORMATS or not target:
            raise BftError(bad_value("export", word, f"must be FORMAT=FILE with a format among {', '.join(FORMATS)}"))
        if name in wanted:
            raise BftError(bad_value("export", word, f"{name} is asked for twice"))
        file = Path(target)
        if name in ENDINGS and file.suffix not in ENDINGS[name]:
            raise BftError(bad_value("export", word, f"must end in {' or '.join(ENDINGS[name])}"))
        wanted[name] = writable("export", file)
    return wanted


def writable(option: str, file: Path) -> Path:
    """Refuse a file that cannot be written, before anything runs."""
    try:
        with file.open("a", encoding="utf-8"):
            return file
    except OSError as error:
        raise BftError(f"{option} = {str(file)!r}: must be a file that can be written: {error.strerror}") from None
