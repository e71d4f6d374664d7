"""The front door: files in, one table of recorded answers out, with a report of what was read and dropped.

imported = import_answers(["samples_gsm8k.jsonl", "log.eval"])
imported.write("answers.parquet")
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from bft.errors import TableError, bad_value
from bft.importing import (
    any_table,
    helm,
    inspect_logs,
    lm_evaluation_harness,
    mmlu_pro,
    openai_evals,
    panel_records,
    promptfoo,
    zero_eval,
)
from bft.importing.documents import Document, documents_of
from bft.importing.evidence import Evidence
from bft.importing.gathering import Gathered, Repeats, gather
from bft.importing.request import Request
from bft.validators.compressed import ENDINGS, ending
from bft.validators.raw_tables import rows_of_json
from bft.validators.table_writing import write_rows

FORMS: dict[str, ModuleType] = {
    "record": panel_records,
    "lm-eval": lm_evaluation_harness,
    "inspect": inspect_logs,
    "mmlu-pro": mmlu_pro,
    "zero-eval": zero_eval,
    "helm": helm,
    "openai-evals": openai_evals,
    "promptfoo": promptfoo,
}
"""By name; each has NAME, recognises(document) and read(document, request)."""

TABLE = "table"
DOCUMENTS = (".json", ".jsonl", ".ndjson", ".eval", ".zip")
TABLES = (".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Answers of one or several files.

    Attributes
    ----------
    files : tuple of Evidence
        What was read of each.
    gathered : Gathered
        What became of it.
    """

    files: tuple[Evidence, ...]
    gathered: Gathered

    def write(self, file: str | Path) -> None:
        """Write the table: parquet, csv or jsonl, by the ending.

        Raises `TableError` if nothing is left to write, or the file cannot be written.
        """
        if not self.gathered.rows:
            reasons = {reason for each in self.files for reason in each.dropped} | set(self.gathered.dropped)
            told = "; ".join(sorted(reasons)) or "the files are empty"
            raise TableError(f"no answer is left to write: {told}")
        write_rows(Path(file), self.gathered.rows)


def import_answers(
    files: Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    models: Sequence[str] = (),
    chosen: str | None = None,
    form: str | None = None,
    repeats: Repeats = "first",
) -> Imported:
    """Read files of evaluation tools.

    Parameters
    ----------
    files : sequence of str or Path
        The files, compressed or not.
    columns : mapping, optional
        What a table calls its columns: gold, answer, question_id, and perhaps model, sample, correct, category,
        n_options, task. With it, files are read as tables whatever tool wrote them.
    models : sequence of str
        One name for all files, or one for each; by default the names that they hold.
    chosen : str, optional
        The filter, or the scorer, of which a file holds several.
    form : str, optional
        The form of all files, a name of `FORMS` or "table"; by default each is recognised.
    repeats : {"first", "samples"}
        What becomes of a second answer of a model to a question.

    Raises
    ------
    TableError
        If a file cannot be read, or its form is not known; the message says what it looks like.
    """
    if not files:
        raise TableError("files: must name one or more")
    if models and len(models) not in (1, len(files)):
        allowed = f"must name one for all files, or one for each of the {len(files)}"
        raise TableError(bad_value("model", ", ".join(models), allowed))
    if form is not None and form != TABLE and form not in FORMS:
        raise TableError(bad_value("form", form, f"must be among {', '.join((*FORMS, TABLE))}"))
    found: list[Evidence] = []
    for place, file in enumerate(files):
        model = None if not models else models[min(place, len(models) - 1)]
        request = Request(model=model, chosen=chosen, columns=dict(columns or {}))
        found += _read(Path(file), request, form)
    return Imported(files=tuple(found), gathered=gather(found, repeats=repeats))


def _read(file: Path, request: Request, form: str | None) -> list[Evidence]:
    kind = ending(file)
    if os.path.isdir(file):  # false for a name that is too long, where Path raises
        raise TableError(bad_value("file", str(file), "is a folder; must be a file: name those in it"))
    if kind not in (*DOCUMENTS, *TABLES):
        allowed = f"must end in {', '.join((*DOCUMENTS, *TABLES))}, or one of these and {', '.join(ENDINGS)}"
        raise TableError(bad_value("file", str(file), allowed))
    if form == TABLE or kind in TABLES or (request.columns and kind not in (".eval", ".zip")):
        return [any_table.read(file, request)]
    documents = list(documents_of(file))
    if not documents:
        raise TableError(f"{file}: holds no JSON file")
    return [_evidence(document, request, form) for document in documents]


def _evidence(document: Document, request: Request, form: str | None) -> Evidence:
    for name, module in FORMS.items():
        if name == form or (form is None and module.recognises(document)):
            try:
                evidence: Evidence = module.read(document, request)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as reason:
                lacks = f", which has {reason}" if isinstance(reason, KeyError) else ""
                told = f"has not the form of {module.NAME}{lacks}; it is {document.told()}"
                raise TableError(f"{document.file}: {told}") from reason
            return evidence
    rows = document.value if document.lines else rows_of_json(document.value)
    if rows and all(isinstance(row, dict) for row in rows) and document.name == document.file.name:
        try:
            return any_table.read(document.file, request)
        except TableError as reason:
            raise TableError(f"{reason} (the file is {document.told()})") from None
    known = ", ".join(module.NAME for module in FORMS.values())
    raise TableError(
        f"{document.file}: is {document.told()}: none of the forms that are known ({known}), nor a table of rows"
    )
