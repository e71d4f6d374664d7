"""Every notebook runs from top to bottom, is paired with its script, and is kept with outputs that show themselves."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from bft.live.local.model import ModelError, model_file

FOLDER = Path(__file__).parents[2] / "notebooks"
SPEC = importlib.util.spec_from_file_location("keep_outputs", FOLDER.parent / "release" / "keep_outputs.py")
assert SPEC is not None
assert SPEC.loader is not None
KEEP = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(KEEP)
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
OF_THE_LOCAL_MODEL = "14_small_real_models"
"""Its replies are not the same on every processor."""


def skip_without_its_model(path: Path) -> None:
    if path.stem == OF_THE_LOCAL_MODEL and not os.environ.get("BFT_REQUIRE_LOCAL"):
        if importlib.util.find_spec("xllamacpp") is None:
            pytest.skip("the local model is not installed: make real")
        try:
            model_file(fetch=False)
        except ModelError:
            pytest.skip("the local model is not installed: make real")


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of Jupyter's own packages
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    skip_without_its_model(path)
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    done = NotebookClient(
        notebook, timeout=3600 if path.stem == OF_THE_LOCAL_MODEL else 240, kernel_name="python3"
    ).execute()
    shown = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) for output in shown), "a run or a sweep shows itself"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_what_its_script_says(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    script = jupytext.read(path.with_suffix(".py"))
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in script.cells
    ], "make notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_outputs_and_without_what_differs_between_machines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) <= KEEP.LARGEST_BYTES
    for trace in (str(FOLDER.parent), str(Path.home()), "/tmp/", "ipykernel", "iopub"):
        assert trace not in text, trace
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in cells), "make notebooks"
    for cell in cells:
        assert cell.execution_count is None
        assert not cell.metadata
        assert all(output.output_type != "error" for output in cell.outputs)
        assert all(output.get("name") != "stderr" for output in cell.outputs)
        assert not any(KEEP.WIDGET in output.get("data", {}) for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_ends_with_an_exercise(path: Path) -> None:
    last = nbformat.read(path, as_version=4).cells[-1]
    assert last.cell_type == "markdown"
    assert last.source.startswith("## Exercise")
    assert "?" in last.source


@pytest.mark.nightly
@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path.stem != OF_THE_LOCAL_MODEL], ids=lambda path: path.stem
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_outputs_that_are_kept_are_those_of_the_cells(path: Path) -> None:
    """Texts and tables; pictures are compared elsewhere."""

    def texts(notebook: nbformat.NotebookNode) -> list[object]:
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        return [
            output.get("text") or output.data.get("text/html") or output.data.get("text/plain") for output in outputs
        ]

    again = KEEP.stripped(KEEP.executed(jupytext.read(path.with_suffix(".py"))))
    assert texts(nbformat.read(path, as_version=4)) == texts(again), "make notebooks"


def test_what_differs_between_machines_is_taken_out() -> None:
    told = (
        f"<Run at 0x7f3a2b4c5d60> in {FOLDER.parent}/notebooks, {Path.home()}/x, /tmp/pytest-0/a.png, 'cpu_s': 0.0123"
    )
    assert KEEP.plain(told) == "<Run at 0x…> in ./notebooks, ~/x, …, 'cpu_s': …"
