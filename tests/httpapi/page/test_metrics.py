"""Charts: which there are, their numbers, and other runs laid over."""

import json
from typing import Any

RUN = "/projects/team/vision/runs/r1"


async def log(api: Any, run: str, lines: list[dict[str, Any]], first: int = 0) -> None:
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
    assert found["width"] == 100
    assert len(found["step"]) == 10
    assert max(found["keys"]["loss"]["greatest"]) == 100
    assert [value for value in found["keys"]["rare"]["mean"] if value is not None] == [5]


async def test_kept_answers_follow_the_run(site: Any, api: Any, run: str) -> None:
    await log(api, run, [{"loss": 1}])
    assert len((await numbers(site, "key=loss"))["step"]) == 1
    await log(api, run, [{"loss": 2}], first=1)
    assert len((await numbers(site, "key=loss"))["step"]) == 2
    await api.good("POST", "/runs/r1/finish", {})
    assert (await numbers(site, "key=loss"))["alive"] is False


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
    assert ">running</span> other<" in offered
    assert "No other run fits" in await site.get(f"{RUN}/metrics/offer?q=oth&with=r2")
