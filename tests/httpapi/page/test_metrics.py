"""Charts: which there are, their numbers, and other runs laid over."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from httpapi.page import metrics

RUN = "/projects/team/vision/runs/r1"


async def log(api: Any, run: str, lines: list[Any], first: int = 0) -> None:
    await api.good("POST", f"/runs/{run}/history", {"first_line": first, "lines": lines})


async def numbers(site: Any, query: str, run: str = RUN) -> Any:
    return json.loads(await site.get(f"{run}/metrics/numbers?{query}"))


async def test_each_key_has_a_chart(site: Any, api: Any, run: str) -> None:
    assert "No metrics yet" in await site.get(f"{RUN}/metrics")
    await log(api, run, [{"_step": 0, "loss": 1, "note": "x", "<b>": 2}])
    text = await site.get(f"{RUN}/metrics")
    assert 'data-key="loss"' in text
    assert 'data-key="&lt;b&gt;"' in text
    assert 'data-key="note"' not in text
    assert 'data-key="_step"' not in text


async def test_numbers(site: Any, api: Any, run: str) -> None:
    await log(api, run, [{"_step": 10 * i, "_timestamp": 100 + i, "loss": i / 2} for i in range(4)])
    found = await numbers(site, "key=loss&key=none")
    assert found["step"] == [0, 10, 20, 30]
    assert found["time"] == [100, 101, 102, 103]
    assert found["keys"]["loss"] == {"mean": [0, 0.5, 1, 1.5]}
    assert found["keys"]["none"] == {"mean": [None] * 4}
    assert found["width"] == 1
    assert found["alive"] is True
    assert (await numbers(site, "key=loss&from=1&to=3"))["step"] == [10, 20]


async def test_many_lines_are_thinned_without_losing_peaks(site: Any, api: Any, run: str) -> None:
    await log(
        api, run, [{"loss": 100 if i == 777 else 1, **({"rare": 5} if i == 500 else {})} for i in range(1000)]
    )
    found = await numbers(site, "key=loss&key=rare&points=10")
    assert found["width"] == 128
    assert found["line"] == list(range(0, 1000, 128))
    assert max(found["keys"]["loss"]["greatest"]) == 100
    assert [value for value in found["keys"]["rare"]["mean"] if value is not None] == [5]


async def test_kept_answers_follow_the_run(site: Any, api: Any, run: str) -> None:
    await log(api, run, [{"loss": 1}])
    assert len((await numbers(site, "key=loss"))["step"]) == 1
    await log(api, run, [{"loss": 2}], first=1)
    assert len((await numbers(site, "key=loss"))["step"]) == 2
    await api.good("POST", "/runs/r1/finish", {})
    assert (await numbers(site, "key=loss"))["alive"] is False


async def test_a_long_history_is_rough_at_first(
    site: Any, api: Any, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "ROUGH_FROM_LINES", 50)
    await log(api, run, [{"loss": i} for i in range(100)])
    found = await numbers(site, "key=loss&points=4&rough=yes")
    assert found["rough"] is True
    assert found["keys"]["loss"] == {"mean": [0, 25, 50, 75]}
    found = await numbers(site, "key=loss&points=4")
    assert found["rough"] is False
    assert found["keys"]["loss"]["greatest"] == [31, 63, 95, 99]
    assert (await numbers(site, "key=loss&points=4&rough=yes"))["rough"] is False
    assert (await numbers(site, "key=loss&points=5&rough=yes&from=2&to=90"))["rough"] is False


async def test_hostile_keys(site: Any, api: Any, run: str) -> None:
    keys = ['say "x"', "back\\slash", "<b>&amp;", "a.b", "\u202e", "{{7*7}}", "'"]
    await log(api, run, [dict.fromkeys(keys, 1), dict.fromkeys(keys, 2)])
    text = await site.get(f"{RUN}/metrics")
    assert [unescape(key) for key in re.findall('data-key="([^"]*)"', text)] == sorted(keys)
    found = await numbers(site, urlencode([("key", key) for key in keys]))
    assert {key: each["mean"] for key, each in found["keys"].items()} == {key: [1, 2] for key in keys}


async def test_numbers_that_no_chart_can_show(site: Any, api: Any, run: str) -> None:
    lines = [
        '{"x": NaN}',
        '{"x": 1e999}',
        '{"x": 1' + "0" * 400 + "}",
        '{"x": [1]}',
        '{"x": true}',
        '{"x": 5}',
    ]
    await log(api, run, lines)
    found = await numbers(site, "key=x")
    assert found["step"] == [5]
    assert found["keys"]["x"]["mean"] == [5]


async def test_a_key_is_needed(site: Any, run: str) -> None:
    await site.get(f"{RUN}/metrics/numbers", 422)


async def test_other_runs(site: Any, api: Any, run: str) -> None:
    await api.good("POST", "/runs", {"project": "team/vision", "id": "r2", "display_name": "other"})
    await log(api, run, [{"loss": 1}])
    await log(api, "r2", [{"acc": 1}])
    text = await site.get(f"{RUN}/metrics?with=r2&with=gone&with=r1&with=r2")
    assert text.count("data-run=") == 2
    assert 'data-key="acc"' in text
    offered = await site.get(f"{RUN}/metrics/offer?q=oth")
    assert ">running</span> <bdi>other</bdi><" in offered
    assert "No other run fits" in await site.get(f"{RUN}/metrics/offer?q=oth&with=r2")
