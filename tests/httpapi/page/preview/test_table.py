"""CSV, TSV and parquet as a table."""

import io
import re

import pytest

from httpapi.page.preview import table
from httpapi.page.preview.source import Source, Unreadable


def csv(data: bytes, name: str = "a.csv", size: int | None = None) -> str:
    return table.render_delimited(Source(name, data, len(data) if size is None else size))


def cells(html: str) -> list[list[str]]:
    return [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]


def test_header_rows_and_count() -> None:
    html = csv(b'name,loss\na,0.5\n"b, c",0.25\n')
    assert cells(html) == [["#", "name", "loss"], ["1", "a", "0.5"], ["2", "b, c", "0.25"]]
    assert "2 rows" in html


def test_numeric_columns_are_marked() -> None:
    html = csv(b"name,loss\na,1e-3\nb,\n")
    assert '<th scope="col" class="numeric">loss' in html
    assert '<th scope="col">name' in html


@pytest.mark.parametrize(
    ("data", "name"), [(b"a\tb\n1\t2,5\n", "x.tsv"), (b"a;b\n1;2,5\n", "x.csv"), (b"a\tb\n1\t2,5\n", "x.csv")]
)
def test_delimiters(data: bytes, name: str) -> None:
    assert cells(csv(data, name)) == [["#", "a", "b"], ["1", "1", "2,5"]]


def test_ragged_rows() -> None:
    assert cells(csv(b"a,b\n1\n1,2,3\n")) == [["#", "a", "b", ""], ["1", "1", "", ""], ["2", "1", "2", "3"]]


def test_first_rows_only() -> None:
    html = csv(b"n\n" + b"".join(b"%d\n" % i for i in range(1000)))
    assert len(cells(html)) == table.SHOWN_ROWS + 1
    assert f"The first {table.SHOWN_ROWS} rows" in html


def test_cut_file_is_not_called_whole() -> None:
    html = csv(b"n\n1\n2\n3", size=1000)
    assert len(cells(html)) == 3
    assert "The first 2 rows" in html


def test_hostile_cells_and_limits() -> None:
    html = csv(b"<b>,x\n<script>alert(1)</script>," + b"y" * 10_000 + b"\n")
    assert "<script" not in html
    assert "<b>" not in html
    assert "y" * (table.SHOWN_CELL_CHARS + 1) not in html
    wide = csv(b",".join(b"c%d" % i for i in range(5000)) + b"\n1\n")
    assert f"the first {table.SHOWN_COLUMNS} of 5000 columns" in wide


def test_empty_and_broken() -> None:
    assert "empty" in csv(b"")
    assert "empty" in csv(b"\n\n")
    with pytest.raises(Unreadable):
        csv(b"a,b\n1," + b"x" * 200_000 + b"\n")


def parquet(rows: int) -> bytes:
    core = pytest.importorskip("arro3.core")
    arro3_io = pytest.importorskip("arro3.io")
    columns = {
        "step": core.Array(list(range(rows)), core.DataType.int64()),
        "<b>": core.Array(["<i>" if i % 2 else None for i in range(rows)], core.DataType.utf8()),
    }
    out = io.BytesIO()
    arro3_io.write_parquet(core.Table.from_pydict(columns), out, compression="snappy")
    return out.getvalue()


def test_parquet_rows() -> None:
    data = parquet(3)
    html = table.render_parquet(Source("a.parquet", data, len(data)))
    assert cells(html) == [
        ["#", "step", "&lt;b&gt;"],
        ["1", "0", ""],
        ["2", "1", "&lt;i&gt;"],
        ["3", "2", ""],
    ]
    assert "3 rows" in html


def test_parquet_shows_the_first_rows_of_many() -> None:
    data = parquet(5000)
    html = table.render_parquet(Source("a.parquet", data, len(data)))
    assert len(cells(html)) == table.SHOWN_ROWS + 1


def test_parquet_cut_or_broken() -> None:
    data = parquet(3)
    with pytest.raises(Unreadable, match="too large"):
        table.render_parquet(Source("a.parquet", data, 10**9))
    for broken in (b"", b"PAR1", data[:-9] + b"\xff" * 9, b"PAR1" + b"\0" * 100 + b"PAR1"):
        with pytest.raises(Unreadable, match="cannot be read"):
            table.render_parquet(Source("a.parquet", broken, len(broken)))


def test_a_line_that_never_ends() -> None:
    with pytest.raises(Unreadable, match="longer than"):
        table.render_delimited(Source("a.csv", b"x" * 1000, 100_000_000))


def test_one_row() -> None:
    assert "1 row." in table.render_delimited(Source("a.csv", b"a\n1\n", 4))
