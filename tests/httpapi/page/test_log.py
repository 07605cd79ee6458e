"""The log: its end first, followed, and all of it on demand."""

import re
from typing import Any

from httpapi.page import log as pages

RUN = "/projects/team/vision/runs/r1"


async def write(api: Any, lines: list[str], first: int = 0) -> None:
    await api.good("POST", "/runs/r1/console", {"first_line": first, "lines": lines})


def shown(html: str) -> list[str]:
    return re.findall(r"<div>(.*?)</div>", html)


def follow_address(html: str) -> str:
    found = re.search(r'hx-get="([^"]*/log/follow[^"]*)"', html)
    assert found is not None
    return found[1].replace("&amp;", "&")


async def test_colours_and_markup(site: Any, api: Any, run: str) -> None:
    await write(api, ["\x1b[31mred\x1b[0m <script>alert(1)</script>"])
    text = await site.get(f"{RUN}/log")
    assert '<span class="ansi-red">red</span> &lt;script&gt;' in text
    assert "<script>alert" not in text


async def test_following_gives_what_is_new_and_what_was_rewritten(site: Any, api: Any, run: str) -> None:
    count = pages.OPEN_LINES + 10
    await write(api, [f"line {i}" for i in range(count)])
    page = await site.get(f"{RUN}/log")
    assert shown(page) == [f"line {i}" for i in range(count)]
    where = follow_address(page)
    assert await site.get(where, 204) == ""
    await write(api, ["rewritten", "new"], first=count - 1)
    part = await site.get(where)
    assert shown(part) == [f"line {i}" for i in range(10, count - 1)] + ["rewritten", "new"]
    assert await site.get(follow_address(part), 204) == ""


async def test_following_ends_with_the_run(site: Any, api: Any, run: str) -> None:
    await write(api, ["one"])
    where = follow_address(await site.get(f"{RUN}/log"))
    await api.good("POST", "/runs/r1/finish", {})
    part = await site.get(where)
    assert shown(part) == ["one"]
    assert "hx-trigger" not in part


async def test_earlier_lines(site: Any, api: Any, run: str) -> None:
    count = 2 * pages.SHOWN_LINES + 5
    await write(api, [f"{i}" for i in range(count)])
    page = await site.get(f"{RUN}/log")
    assert shown(page)[0] == str(count - pages.SHOWN_LINES)
    found = re.search(r'hx-get="([^"]*/log/earlier[^"]*)"', page)
    assert found is not None
    part = await site.get(found[1])
    assert shown(part) == [str(i) for i in range(5, 5 + pages.SHOWN_LINES)]
    last = await site.get(f"{RUN}/log/earlier?before=5")
    assert shown(last) == ["0", "1", "2", "3", "4"]
    assert "hx-get" not in last


async def test_download_is_the_file(site: Any, api: Any, run: str) -> None:
    await write(api, ["ü" * 1000 for _ in range(400)])
    async with await site.answer("GET", f"{RUN}/log/download") as response:
        assert await response.read() == ("ü" * 1000 + "\n").encode() * 400
        assert response.headers["Content-Disposition"] == 'attachment; filename="r1.log"'


async def test_no_output(site: Any, api: Any, run: str) -> None:
    await api.good("POST", "/runs/r1/finish", {})
    assert "No console output" in await site.get(f"{RUN}/log")
