"""Addresses and what they name."""

from typing import Any

MISSING = (
    "/projects/team/none/runs",
    "/projects/none/vision/runs",
    "/projects/team/vision/runs/none",
    "/projects/team/vision/sweeps/none",
    "/projects/team/vision/artifacts/collections/none",
    "/projects/team/vision/artifacts/collections/none/v0",
    "/projects/team/vision/runs/r1/files/none",
    "/nothing",
)


async def test_what_is_not_there_is_a_page_that_says_so(site: Any, run: str) -> None:
    for path in MISSING:
        text = await site.get(path, 404)
        assert 'role="alert"' in text
        assert "To the projects" in text


async def test_another_project_is_not_found(reader: Any, api: Any, run: str) -> None:
    await api.good("POST", "/runs", {"project": "team/secret", "id": "x1"})
    for tail in ("/runs", "/runs/x1", "/runs/x1/files", "/runs/x1/metrics", "/sweeps", "/artifacts"):
        assert "x1</h1>" not in await reader.get(f"/projects/team/secret{tail}", 404)


async def test_names_with_odd_characters(site: Any, api: Any) -> None:
    name = "a b?#%&+ü;'"
    await api.good("POST", "/runs", {"project": f"{name}/{name}", "id": name})
    quoted = "a%20b%3F%23%25%26%2B%C3%BC%3B%27"
    text = await site.get(f"/projects/{quoted}/{quoted}/runs/{quoted}")
    assert f'href="/projects/{quoted}/{quoted}/runs/{quoted}/files"' in text
    await site.get(f"/projects/{quoted}/{quoted}/runs/{quoted}/files")
