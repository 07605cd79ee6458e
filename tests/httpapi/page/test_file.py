"""A file's page and its preview."""

import re
from typing import Any

FILES = "/projects/team/vision/runs/r1/files"
HOSTILE = b"<script>parent.x=1</script><img src=x onerror=alert(1)>"


async def frame(site: Any, page: str) -> tuple[str, Any]:
    (where,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page)
    async with await site.answer("GET", where) as response:
        assert response.status == 200
        return await response.text(), response.headers


async def test_details(site: Any, api: Any, run: str) -> None:
    saved = await api.save(run, "notes/a.txt", b"hello")
    text = await site.get(f"{FILES}/notes/a.txt")
    assert saved["sha256"] in text
    assert "5 bytes" in text
    assert "text/plain" in text
    assert f'href="/api/v1/runs/files/{saved["id"]}/content"' in text
    assert f'href="{FILES}/notes"' in text


async def test_preview_is_a_sandboxed_document(site: Any, api: Any, run: str) -> None:
    for ending in ("txt", "html", "md", "csv", "json", "jsonl", "ipynb", "svg", "bin", "x"):
        await api.save(run, f"a.{ending}", HOSTILE)
        page = await site.get(f"{FILES}/a.{ending}")
        (sandbox,) = re.findall(r'<iframe[^>]* sandbox="([^"]*)"', page)
        assert "allow-scripts" not in sandbox
        assert "allow-same-origin" not in sandbox
        html, headers = await frame(site, page)
        assert headers["Content-Security-Policy"].startswith("sandbox ")
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in html
        assert not re.search(r"<[^>]+\sonerror=", html)


async def test_media_are_elements_of_the_page(site: Any, api: Any, run: str) -> None:
    kinds = {"png": "<img", "mp3": "<audio", "wav": "<audio", "mp4": "<video", "webm": "<video"}
    for ending, tag in kinds.items():
        await api.save(run, f"a.{ending}", HOSTILE)
        page = await site.get(f"{FILES}/a.{ending}")
        preview = page.partition('class="direct"')[2].partition("</section>")[0]
        assert tag in preview
        assert "<iframe" not in page


async def test_a_type_that_lies_is_not_embedded(site: Any, api: Any, run: str) -> None:
    await api.save(run, "a.png", HOSTILE, content_type="text/html")
    page = await site.get(f"{FILES}/a.png")
    assert 'class="direct"' not in page
    html, _ = await frame(site, page)
    assert "<script" not in html


async def test_pdf_is_left_to_the_browsers_viewer(site: Any, api: Any, run: str) -> None:
    for size in (100, 200_000):
        await api.save(run, "a.pdf", HOSTILE.ljust(size))
        page = await site.get(f"{FILES}/a.pdf")
        assert "sandbox=" not in page
        _, headers = await frame(site, page)
        assert headers["Content-Type"] == "application/pdf"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert "sandbox" not in headers["Content-Security-Policy"]


async def test_description_in_place(site: Any, api: Any, run: str) -> None:
    saved = await api.save(run, "a.txt", b"x")
    where = await site.post(f"{FILES}/a.txt", {"action": "describe", "description": ' the "best" <b> '})
    assert where == f"{FILES}/a.txt"
    assert (await api.good("GET", f"/runs/files/{saved['id']}"))["description"] == 'the "best" <b>'
    assert "the &#34;best&#34; &lt;b&gt;" in await site.get(f"{FILES}/a.txt")
    await site.post(f"{FILES}/a.txt", {"action": "describe", "description": "x" * 70_000}, 413)


async def test_versions_and_restore(site: Any, api: Any, run: str) -> None:
    saved = await api.save(run, "a.txt", b"first")
    await api.save(run, "a.txt", b"second!")
    old = await site.get(f"{FILES}/a.txt?version=1")
    assert "This is version 1" in old
    assert "5 bytes" in old
    html, _ = await frame(site, old)
    assert "first" in html
    html, _ = await frame(site, await site.get(f"{FILES}/a.txt"))
    assert "second!" in html
    await site.post(f"{FILES}/a.txt", {"action": "restore", "version": "1"})
    html, _ = await frame(site, await site.get(f"{FILES}/a.txt"))
    assert "first" in html
    assert (await api.good("GET", f"/runs/files/{saved['id']}"))["version"] == 3


async def test_delete(site: Any, api: Any, run: str) -> None:
    await api.save(run, "d/a.txt", b"x")
    assert await site.post(f"{FILES}/d/a.txt", {"action": "delete"}) == f"{FILES}/d"
    await site.get(f"{FILES}/d/a.txt", 404)


async def test_unknown_changes(site: Any, api: Any, run: str) -> None:
    await api.save(run, "a.txt", b"x")
    await site.post(f"{FILES}/a.txt", {"action": "rename"}, 422)
    await site.post(f"{FILES}/a.txt", {"action": "restore", "version": "x"}, 422)
    await site.post(f"{FILES}/b.txt", {"action": "delete"}, 404)


async def test_previews_are_for_those_who_may_read(reader: Any, api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/secret", "id": "s1"})
    saved = await api.save("s1", "a.txt", b"hidden")
    await reader.get(f"/preview/{saved['id']}", 404)
    async with await api.client.get(f"/preview/{saved['id']}", allow_redirects=False) as response:
        assert response.status == 303


async def test_what_has_no_preview(site: Any, api: Any, run: str) -> None:
    saved = await api.save(run, "a.png", b"x")
    await site.get(f"/preview/{saved['id']}", 404)
    await site.get("/preview/999999", 404)
    text = await api.save(run, "a.txt", b"x")
    await site.get(f"/preview/{text['id']}?version=9", 404)
