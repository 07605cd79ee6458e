"""Sweeps: the list, and one's picture and table."""

import re
from typing import Any

import pytest

from httpapi.page.sweeps import differing, metric_of

SWEEPS = "/projects/team/vision/sweeps"


@pytest.fixture
async def sweep(api: Any) -> None:
    await api.good("POST", "/projects", {"project": "team/vision"})
    await api.good(
        "POST",
        "/sweeps",
        {
            "project": "team/vision",
            "id": "s1",
            "display_name": "<lr>",
            "config": {"metric": {"name": "loss", "goal": "minimize"}},
        },
    )
    for name, lr, loss in (("a", 0.1, 3), ("b", 0.2, 1), ("c", 0.3, None)):
        config = {"lr": lr, "same": 1, "deep": {"x": lr}}
        await api.good(
            "POST", "/runs", {"project": "team/vision", "id": name, "sweep": "s1", "config": config}
        )
        if loss is not None:
            await api.good("PATCH", f"/runs/{name}", {"summary": {"loss": loss, "acc": -loss}})


async def test_list(site: Any, sweep: None) -> None:
    text = await site.get(SWEEPS)
    assert "&lt;lr&gt;" in text
    assert "3 running" in text
    assert 'href="/projects/team/vision/runs/b"' in text


async def test_picture_and_ranking(site: Any, sweep: None) -> None:
    text = await site.get(f"{SWEEPS}/s1")
    assert text.count('<path class="shade-') == 3
    assert 'class="title"' in text
    assert re.findall(r'<tr id="run-\d+"><td class="name"><a href="[^"]*/(\w)">', text) == ["b", "a", "c"]
    other = await site.part(f"{SWEEPS}/s1?metric=acc")
    assert re.findall(r'<tr id="run-\d+"><td class="name"><a href="[^"]*/(\w)">', other)[0] == "a"
    assert ">same</text>" not in text
    assert ">deep</text>" not in text


async def test_empty(site: Any, api: Any, run: str) -> None:
    assert "No sweep yet" in await site.get(SWEEPS)
    await api.good("POST", "/sweeps", {"project": "team/vision", "id": "s0", "config": {}})
    assert "No run in this sweep yet" in await site.get(f"{SWEEPS}/s0")


def test_odd_configs() -> None:
    class Fake:
        config = "[]"

    assert metric_of(Fake()) == ""  # type: ignore[arg-type]
    assert differing([]) == []
