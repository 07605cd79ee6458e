"""Uploads: by button, by dropping, of folders; paused, and resumed after the daemon was killed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import RUNS, Visit, make_run, open_browser, sign_in
from daemon_process import Served, start
from playwright.sync_api import BrowserContext, Page, expect

MIB = 1 << 20


def hashes(daemon: Served, run: str) -> dict[str, str]:
    listed = daemon.ask("GET", f"/api/v1/runs/{run}/files")
    return {file["path"]: file["sha256"] for file in listed["items"]}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_by_button(visit: Visit, daemon: Served, tmp_path: Path) -> None:
    make_run(daemon, "button")
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "ü b#?.bin").write_bytes(b"b" * 100_000)
    (tmp_path / "nothing").write_bytes(b"")
    page = visit(f"{RUNS}/button/files")
    page.set_input_files("#choose-files", [str(path) for path in sorted(tmp_path.iterdir())])
    expect(page.locator("#said")).to_have_text("3 of 3 files uploaded.")
    expect(page.locator("#files tbody tr")).to_have_count(3)
    assert hashes(daemon, "button") == {path.name: sha256(path.read_bytes()) for path in tmp_path.iterdir()}


def test_a_folder_into_a_folder(visit: Visit, daemon: Served, tmp_path: Path) -> None:
    make_run(daemon, "folder")
    root = tmp_path / "top"
    (root / "in").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"1")
    (root / "in" / "b.txt").write_bytes(b"2")
    page = visit(f"{RUNS}/folder/files")
    page.set_input_files("#choose-folder", str(root))
    expect(page.locator("#files tbody tr")).to_have_count(1)
    assert set(hashes(daemon, "folder")) == {"top/a.txt", "top/in/b.txt"}
    page.get_by_role("link", name="top").click()
    page.set_input_files("#choose-folder", str(root / "in"))
    expect(page.locator("#said")).to_have_text("1 of 1 files uploaded.")
    assert "top/in/b.txt" in hashes(daemon, "folder")


def test_by_dropping(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "drop")
    page = visit(f"{RUNS}/drop/files")
    page.evaluate(
        """() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["dropped"], "d.txt", { type: "text/plain" }));
        const target = document.getElementById("files");
        const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
        for (const kind of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(kind, options));
        }"""
    )
    expect(page.locator("#files tbody tr")).to_have_count(1)
    assert hashes(daemon, "drop") == {"d.txt": sha256(b"dropped")}


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders of the disk onto the table, as a person does with the mouse."""
    box = page.locator("#files").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    at = {"x": box["x"] + 50, "y": box["y"] + 50}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
        if kind == "dragOver":  # nothing can be dropped before the page has said that it takes it
            expect(page.locator("#files.over")).to_be_visible()
    session.detach()


def test_folders_by_dropping(visit: Visit, daemon: Served, tmp_path: Path) -> None:
    make_run(daemon, "dropped")
    top = tmp_path / "top"
    contents = {
        f"many/f{number:03}.txt": b"%d" % number for number in range(230)
    }  # a reader gives 100 a time
    contents |= {
        "a.txt": b"a",
        ".hidden": b"h",
        ".git/config": b"g",
        "deep/er/ü b#?.bin": b"deep",
        "nothing": b"",
    }
    for path, data in contents.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    (top / "empty" / "within").mkdir(parents=True)
    (tmp_path / "beside.txt").write_bytes(b"beside")
    page = visit(f"{RUNS}/dropped/files")
    drop(page, top, tmp_path / "beside.txt")
    expect(page.locator("#said")).to_have_text("236 of 236 files uploaded.")
    expected = {f"top/{path}": sha256(data) for path, data in contents.items()}
    listed = daemon.ask("GET", "/api/v1/runs/dropped/files?limit=1000")["items"]
    found = {file["path"]: file["sha256"] for file in listed}
    assert found == expected | {"beside.txt": sha256(b"beside")}


def test_an_empty_folder_is_said_to_hold_nothing(visit: Visit, daemon: Served, tmp_path: Path) -> None:
    make_run(daemon, "hollow")
    (tmp_path / "top" / "empty").mkdir(parents=True)
    page = visit(f"{RUNS}/hollow/files")
    drop(page, tmp_path / "top")
    expect(page.locator("#said")).to_have_text("There is no file in what was dropped.")
    expect(page.locator("#uploads")).to_be_hidden()


def test_what_the_server_refuses_is_said(
    visit: Visit, daemon: Served, tmp_path: Path, troubles: list[str]
) -> None:
    make_run(daemon, "refused")
    (tmp_path / "a").write_bytes(b"x")
    page = visit(f"{RUNS}/refused/files")
    page.set_input_files("#choose-files", str(tmp_path / "a"))
    expect(page.locator("#files tbody tr")).to_have_count(1)
    folder = tmp_path / "up" / "a"
    folder.mkdir(parents=True)
    (folder / "below").write_bytes(b"x")
    page.set_input_files("#choose-folder", str(folder))
    expect(page.locator("#uploads li.bad")).to_contain_text("a/below")
    expect(page.locator("#said")).to_contain_text("1 of 2 files uploaded.")
    troubles.clear()  # the refusal itself


@pytest.fixture
def own_browser(playwright: Any) -> Iterator[BrowserContext]:
    """A browser that signs in to another daemon."""
    with tempfile.TemporaryDirectory() as folder:
        context = open_browser(playwright, folder)
        yield context
        context.close()


def sent_parts(page: Page) -> list[str]:
    """Note each part that is sent to its end, by its number."""
    done: list[str] = []

    def note(request: Any) -> None:
        if "/signed/uploads/" in request.url:
            done.append(request.url.partition("part=")[2].partition("&")[0])

    page.on("requestfinished", note)
    return done


def test_resumed_after_the_daemon_was_killed(own_browser: BrowserContext, tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    second = None
    try:
        make_run(first, "big")
        data = b"".join(bytes([number]) * MIB for number in range(70))
        (tmp_path / "big.bin").write_bytes(data)
        page = own_browser.new_page()
        sign_in(page, first)
        page.goto(f"{first.http}{RUNS}/big/files")
        done = sent_parts(page)
        killed = []

        def kill(route: Any) -> None:
            """At the second part: the first is durable, this one will be cut off."""
            if "part=2" in route.request.url and not killed:
                killed.append(True)
                first.process.kill()
                first.process.wait()
            route.continue_()

        page.route("**/signed/uploads/**", kill)
        page.set_input_files("#choose-files", str(tmp_path / "big.bin"))
        expect(page.locator("#uploads li .status")).to_contain_text("trying again")
        page.unroute("**/signed/uploads/**")
        assert done == ["1"]
        second = start(tmp_path / "data", "--http", first.http.removeprefix("http://"))
        expect(page.locator("#said")).to_have_text("1 of 1 files uploaded.", timeout=60_000)
        assert done.count("1") == 1
        assert sorted(set(done)) == ["1", "2", "3"]
        assert hashes(second, "big") == {"big.bin": sha256(data)}
    finally:
        for served in (first, second):
            if served is not None and served.process.poll() is None:
                served.process.kill()
                served.process.wait()


def test_paused_and_gone_on_with_after_the_page_was_left(
    visit: Visit, daemon: Served, tmp_path: Path
) -> None:
    make_run(daemon, "pause")
    data = b"".join(bytes([number]) * MIB for number in range(70))
    (tmp_path / "big.bin").write_bytes(data)
    page = visit(f"{RUNS}/pause/files")
    done = sent_parts(page)
    # The second part gets no answer, so that it is on its way when the button is pressed.
    page.route("**/signed/uploads/**part=2**", lambda route: None)
    with page.expect_request("**/signed/uploads/**part=2**"):
        page.set_input_files("#choose-files", str(tmp_path / "big.bin"))
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#uploads li .status")).to_have_text("paused")
    page.unroute("**/signed/uploads/**part=2**")
    assert done == ["1"]
    assert hashes(daemon, "pause") == {}
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{daemon.http}{RUNS}/pause/files")
    page.set_input_files("#choose-files", str(tmp_path / "big.bin"))
    expect(page.locator("#said")).to_have_text("1 of 1 files uploaded.")
    assert sorted(done) == ["1", "2", "3"]
    assert hashes(daemon, "pause") == {"big.bin": sha256(data)}
