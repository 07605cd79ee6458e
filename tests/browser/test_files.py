"""The Files tab: folders, sorts, search, downloads, deletion, descriptions, versions."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from browsing import FILES, RUNS, Visit, count_ended, hold_first, make_run, save
from daemon_process import Served
from playwright.sync_api import Page, expect

MODEL = bytes(range(256)) * 40


def names(page: Page) -> list[str]:
    return page.locator("#files tbody td.name a").all_inner_texts()


def test_folders(visit: Visit) -> None:
    page = visit(FILES)
    assert names(page) == ["logs", "README.md", "model.pt"]
    expect(page.locator("#files")).to_contain_text("4 files")
    page.get_by_role("link", name="logs", exact=True).click()
    page.get_by_role("link", name="deep", exact=True).click()
    assert names(page) == ["metrics.csv"]
    page.get_by_role("navigation", name="Folder").get_by_role("link", name="files").click()
    page.wait_for_url(f"**{FILES}")


def test_every_column_sorts(visit: Visit) -> None:
    page = visit(FILES)
    for column, expected in {
        "Name": ["logs", "model.pt", "README.md"],
        "Size": ["logs", "model.pt", "README.md"],
        "Type": ["logs", "README.md", "model.pt"],
        "Versions": ["logs", "README.md", "model.pt"],
        "Uploaded": ["logs", "model.pt", "README.md"],
    }.items():
        visit(FILES)
        page.locator("thead").get_by_role("link", name=column).click()
        page.wait_for_url("**sort=*")
        assert names(page) == expected, column
        expect(page.locator("thead [aria-sort=descending]")).to_have_text(column)


def test_search_and_glob(visit: Visit) -> None:
    page = visit(FILES)
    search = page.get_by_placeholder("Search all files, or *.pt")
    search.fill("train")
    expect(page.locator("#files tbody td.name")).to_have_text(["logs/train.log"])
    search.fill("*.csv")
    expect(page.locator("#files tbody td.name")).to_have_text(["logs/deep/metrics.csv"])
    expect(page.locator("#files")).to_contain_text("1 file found")
    search.fill("nothing")
    expect(page.locator("#files")).to_contain_text("No file fits")
    expect(page.locator("#files")).to_contain_text("4 files")


def test_no_refresh_that_waited_undoes_a_search(visit: Visit) -> None:
    page = visit(FILES)
    held = hold_first(page, "**/files?q=train")
    with page.expect_request("**/files?q=train"):
        page.get_by_placeholder("Search all files, or *.pt").fill("train")
    page.evaluate("htmx.trigger('#files', 'refresh')")  # as after an upload; it waits for the search
    count_ended(page)
    held[0].continue_()
    expect(page.locator("body")).to_contain_text("ended ended")
    expect(page.locator("#files tbody td.name")).to_have_text(["logs/train.log"])


def test_download_one(visit: Visit) -> None:
    page = visit(FILES)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download model.pt").click()
    assert download.value.suggested_filename == "model.pt"
    assert Path(download.value.path()).read_bytes() == MODEL


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_download_many_as_zip(visit: Visit) -> None:
    page = visit(FILES)
    page.get_by_label("Tick model.pt").check()
    page.get_by_label("Tick logs").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download 2").click()
    found = members(Path(download.value.path()))
    assert set(found) == {"model.pt", "logs/train.log", "logs/deep/metrics.csv"}
    assert found["model.pt"] == MODEL
    with page.expect_download() as download:
        page.get_by_role("link", name="All as zip").click()
    assert len(members(Path(download.value.path()))) == 4


def test_delete_with_confirmation(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "purge")
    for name in ("a.txt", "b.txt", "c/d.txt", "e.txt"):
        save(daemon, "purge", name, b"x")
    page = visit(f"{RUNS}/purge/files/a.txt")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/purge/files")
    assert names(page) == ["c", "b.txt", "e.txt"]
    page.get_by_label("Tick c").check()
    page.get_by_label("Tick b.txt").check()
    page.get_by_role("button", name="Delete 2").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 ticked")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#files tbody tr")).to_have_count(1)
    expect(page.locator("#files")).to_contain_text("1 file, 1 B in all")


def test_delete_all_that_match_on_all_pages(visit: Visit, daemon: Served, troubles: list[str]) -> None:
    make_run(daemon, "matching")
    for number in range(60):
        save(daemon, "matching", f"old/f{number:03}.tmp", b"x" * 100)
    save(daemon, "matching", "keep.txt", b"kept")
    page = visit(f"{RUNS}/matching/files?limit=50")
    page.get_by_placeholder("Search all files, or *.pt").fill("*.tmp")
    expect(page.locator("#files")).to_contain_text("60 files found")
    assert len(names(page)) == 50
    with page.expect_download() as download:
        page.get_by_role("link", name="All found as zip").click()
    assert len(members(Path(download.value.path()))) == 60
    page.get_by_role("button", name="Delete all found").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("60 files, 5.86 KiB in all")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete all found")).to_be_focused()
    page.get_by_role("button", name="Delete all found").click()
    save(daemon, "matching", "late.tmp", b"x")  # after someone was asked
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_contain_text("61 in all")
    troubles.clear()  # the refusal itself
    visit(f"{RUNS}/matching/files?q=*.tmp")
    page.get_by_role("button", name="Delete all found").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("#files")).to_contain_text("No file fits")
    expect(page.locator("#files")).to_contain_text("1 file, 4 B in all")


def test_description_in_place(visit: Visit) -> None:
    page = visit(f"{FILES}/model.pt")
    page.get_by_label("Description").fill("the <best> one")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Description")).to_have_value("the <best> one")
    visit(FILES)
    expect(page.locator("#files")).to_contain_text("the <best> one")


def test_versions_and_restore(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "versions")
    for text in (b"Before.", b"After."):
        save(daemon, "versions", "notes.txt", text)
    page = visit(f"{RUNS}/versions/files/notes.txt")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("After.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download version 1").click()
    assert Path(download.value.path()).read_bytes() == b"Before."
    page.get_by_role("link", name="v1", exact=True).click()
    expect(page.locator("main .notice")).to_contain_text("This is version 1")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Before.")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".versions li")).to_have_count(3)
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Before.")


def test_empty_state(visit: Visit) -> None:
    page = visit(f"{RUNS}/empty/files")
    expect(page.locator(".empty")).to_contain_text("run.save(")


def test_pages(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "many")
    for number in range(60):
        save(daemon, "many", f"f{number:03}.txt", b"x" * number)
    page = visit(f"{RUNS}/many/files?limit=50")
    expect(page.locator(".pager")).to_contain_text("Page 1 of 2")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2*")
    assert len(names(page)) == 10
    page.locator("thead").get_by_role("link", name="Size").click()
    page.wait_for_url("**sort=size*")
    assert names(page)[0] == "f059.txt"
