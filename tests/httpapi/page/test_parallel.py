"""Parallel coordinates: places on axes, gaps, colours, and nothing but our own markup."""

import re
from xml.etree import ElementTree

from httpapi.page.parallel import BOTTOM, HEIGHT, TOP, Line, Value, as_svg


def picture(axes: list[str], rows: list[list[Value]], title: str = "run") -> ElementTree.Element:
    return ElementTree.fromstring(
        as_svg(axes, [Line(f"{title}{i}", f"/r{i}", row) for i, row in enumerate(rows)])
    )


def paths(svg: ElementTree.Element) -> dict[str, tuple[str, str]]:
    found = {}
    for anchor in svg.iter("a"):
        path = anchor.find("path")
        assert path is not None
        found[anchor.attrib["href"]] = (path.attrib["d"], path.attrib["class"])
    return found


def heights(path: str) -> list[float]:
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]


def test_linear_places() -> None:
    drawn = paths(picture(["a", "b"], [[0, 1], [10, 3], [5, 2]]))
    bottom, top = HEIGHT - BOTTOM, TOP
    assert heights(drawn["/r0"][0]) == [bottom, bottom]
    assert heights(drawn["/r1"][0]) == [top, top]
    assert heights(drawn["/r2"][0]) == [(bottom + top) / 2] * 2


def test_wide_positive_values_are_logarithmic() -> None:
    drawn = paths(picture(["lr", "m"], [[1e-4, 1], [1.0, 2], [1e-2, 3]]))
    assert heights(drawn["/r2"][0])[0] == (HEIGHT - BOTTOM + TOP) / 2


def test_words_have_places_and_missing_values_gaps() -> None:
    svg = picture(["opt", "x", "m"], [["adam", None, 1], ["sgd", 2, 2]])
    assert "L" not in paths(svg)["/r0"][0]
    assert paths(svg)["/r0"][0].count("M") == 2
    assert {"adam", "sgd"} <= {text.text for text in svg.iter("text")}


def test_colours_follow_the_last_axis() -> None:
    drawn = paths(picture(["a", "m"], [[1, 0.0], [2, 1.0], [3, None]]))
    assert drawn["/r0"][1] == "shade-0"
    assert drawn["/r1"][1] == "shade-6"
    assert drawn["/r2"][1] == "shade-none"


def test_one_value_and_none_at_all() -> None:
    assert heights(paths(picture(["a", "m"], [[7, 7]]))["/r0"][0]) == [(HEIGHT - BOTTOM + TOP) / 2] * 2
    assert paths(picture(["a", "m"], [[None, None]]))["/r0"][0] == ""


def test_hostile_names() -> None:
    html = as_svg(["<script>", 'm"'], [Line('"><script>', '/"onload=', ["<b>", 1])])
    ElementTree.fromstring(html)
    assert "<script" not in html
    assert "<b>" not in html
