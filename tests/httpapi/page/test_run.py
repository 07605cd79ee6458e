"""A run's overview and metadata."""

import json
from html import unescape
from typing import Any

RUN = "/projects/team/vision/runs/r1"


async def test_overview(site: Any, api: Any, run: str) -> None:
    await api.good(
        "PATCH", "/runs/r1", {"summary": {"loss": 0.25, "_step": 3}, "tags": ["base"], "notes": "<i>n"}
    )
    text = await site.get(RUN)
    for expected in ("calm &lt;river&gt;", "running", "0.25", "base", "&lt;i&gt;n", ">lr</span>"):
        assert expected in text
    assert 'data-copy="/mnt/wandb/projects/team/vision/runs/r1"' in text
    assert 'data-copy="sdk.Api().run(&#34;team/vision/r1&#34;)"' in text
    assert text.index("loss") < text.index("_step")


async def test_a_running_run_updates_itself_and_an_ended_one_rests(site: Any, api: Any, run: str) -> None:
    assert 'hx-trigger="every 4s"' in await site.part(RUN)
    await api.good("POST", "/runs/r1/finish", {"exit_code": 3})
    text = await site.get(RUN)
    assert "every 4s" not in text
    assert "exit code 3" in text
    assert "failed" in text


async def test_artifacts_made_and_used(site: Any, api: Any, run: str) -> None:
    made = await api.good(
        "POST", "/artifacts", {"project": "team/vision", "type": "dataset", "name": "mnist", "run": "r1"}
    )
    await api.good("POST", f"/artifacts/{made['id']}/commit", {})
    text = await site.get(RUN)
    assert "Artifacts made" in text
    assert 'href="/projects/team/vision/artifacts/collections/mnist/v0"' in text
    assert "Artifacts used" not in text


async def test_metadata_is_what_the_api_gives(site: Any, api: Any, run: str) -> None:
    text = await site.get(f"{RUN}/metadata")
    shown = text.partition('<pre id="document" hidden>')[2].partition("</pre>")[0]
    document = await api.good("GET", "/runs/r1")
    assert json.loads(unescape(shown)) == document
