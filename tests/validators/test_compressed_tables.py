"""Tables of answers may be compressed, or JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bft.validators.tables import load_answers


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.csv.gz", "t.parquet"])
def test_compressed_tables_and_json_are_read(name: str, tmp_path: Path, write_table: Any) -> None:
    file = tmp_path / name
    rows = [{"question_id": "q", "gold": 1, "model": model, "answer": answer} for model, answer in (("a", 1), ("b", 2))]
    if name == "t.json":
        file.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    elif name == "t.csv.gz":
        file.write_bytes(gzip.compress(b"question_id,gold,model,answer\nq,1,a,1\nq,1,b,2\n"))
    else:
        file = write_table(name, rows)
    assert load_answers(file).right().tolist() == [[True, False]]
