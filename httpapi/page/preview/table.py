"""CSV, TSV and parquet: the first rows as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from .source import Source, Unreadable

SHOWN_ROWS = 200
SHOWN_COLUMNS = 100
SHOWN_CELL_CHARS = 500


def render_delimited(source: Source) -> str:
    """A CSV or TSV file; its first row is taken for the header."""
    lines = source.lines()
    if not lines and source.data:
        raise Unreadable("The first line of this table is longer than what is read of a file here.")
    if not lines:
        return '<p class="note">This table is empty.</p>'
    text = "\n".join(lines)
    try:
        rows = _first_rows(csv.reader(io.StringIO(text), delimiter=_delimiter(source.name, lines[0])))
    except csv.Error as error:
        raise Unreadable(f"This table cannot be read: {error}.") from None
    if not rows:
        return '<p class="note">This table is empty.</p>'
    whole = source.complete and len(rows) <= SHOWN_ROWS
    return table_html(rows[0], rows[1 : SHOWN_ROWS + 1], None if not whole else len(rows) - 1)


def render_parquet(source: Source) -> str:
    """A parquet file, read by arro3 (the `parquet` extra)."""
    try:
        from arro3.io import read_parquet
    except ImportError:
        raise Unreadable(
            "Parquet files are shown when the server has the extra 'parquet': pip install 'runfs[parquet]'."
        ) from None
    if not source.complete:
        raise Unreadable("This parquet file is too large to be shown here.")
    try:
        batches = read_parquet(io.BytesIO(source.data), batch_size=SHOWN_ROWS)
        names = batches.schema.names
        columns: list[list[str]] = [[] for _ in names[:SHOWN_COLUMNS]]
        for batch in islice(batches, 1):
            for position, shown in enumerate(columns):
                shown.extend(map(_cell, batch.column(position).to_pylist()))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # arro3 has no exception of its own, and a panic of its Rust code is not even an Exception: whatever
        # it says of these bytes is for the reader.
        raise Unreadable(f"This parquet file cannot be read: {error}.") from None
    rows = list(zip(*columns, strict=True))
    return table_html(names, rows, len(rows) if len(rows) < SHOWN_ROWS else None)


def table_html(header: Sequence[str], rows: Sequence[Sequence[str]], total: int | None) -> str:
    """A table with a header row; `total` is the count of rows, None when only the first ones were read."""
    width = min(max([len(header), *(len(row) for row in rows)]), SHOWN_COLUMNS)
    numeric = [_is_numeric(row[i] for row in rows if i < len(row)) for i in range(width)]
    out = ['<div class="scroll"><table><thead><tr><th scope="col" class="number">#</th>']
    for i in range(width):
        name = header[i] if i < len(header) else ""
        out.append(f'<th scope="col"{_class(numeric[i])}>{_cut(name)}</th>')
    out.append("</tr></thead><tbody>")
    for number, row in enumerate(rows, 1):
        cells = [row[i] if i < len(row) else "" for i in range(width)]
        out.append(f'<tr><td class="number">{number}</td>')
        out.extend(f"<td{_class(numeric[i])}>{_cut(cell)}</td>" for i, cell in enumerate(cells))
        out.append("</tr>")
    out.append("</tbody></table></div>")
    noun = "row" if (len(rows) if total is None else total) == 1 else "rows"
    count = f"The first {len(rows)} {noun}" if total is None else f"{total} {noun}"
    cut = "" if len(header) <= SHOWN_COLUMNS else f", the first {SHOWN_COLUMNS} of {len(header)} columns"
    return f'<p class="note">{count}{cut}.</p>' + "".join(out)


def _first_rows(reader: Iterable[list[str]]) -> list[list[str]]:
    rows = []
    for row in reader:
        if row:
            rows.append(row)
        if len(rows) > SHOWN_ROWS + 1:
            break
    return rows


def _delimiter(name: str, first_line: str) -> str:
    """Tab for .tsv; else whichever of comma, semicolon and tab the first line has most of."""
    if name.lower().endswith(".tsv"):
        return "\t"
    return max(",;\t", key=first_line.count)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _is_numeric(cells: Iterable[str]) -> bool:
    """Whether every filled cell of a column is a number, and there is one."""
    found = False
    for cell in cells:
        if not cell:
            continue
        try:
            float(cell)
        except ValueError:
            return False
        found = True
    return found


def _class(numeric: bool) -> str:
    return ' class="numeric"' if numeric else ""


def _cut(cell: str) -> str:
    return escape(cell if len(cell) <= SHOWN_CELL_CHARS else cell[:SHOWN_CELL_CHARS] + "…")
