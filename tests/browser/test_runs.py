"""Projects and the runs table: searched, sorted, filtered, its columns chosen, kept up to date."""

from __future__ import annotations

import re

from browsing import RUNS, Visit, hold_first, make_run
from daemon_process import Served
from playwright.sync_api import BrowserContext, Page, expect


def names(page: Page) -> list[str]:
    return page.locator("#runs tbody td.name").all_inner_texts()


def test_from_projects_to_runs(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("link", name="team / vision").click()
    page.wait_for_url(f"**{RUNS}")
    expect(page.locator("#runs")).to_contain_text("calm-river-3")


def test_search_sort_and_filter(visit: Visit) -> None:
    page = visit(RUNS)
    page.get_by_placeholder("Search name, id, notes").fill("river-")
    expect(page.locator("#runs tbody tr")).to_have_count(4)
    page.wait_for_url("**q=river-*")
    page.locator("th", has_text="val/loss").get_by_role("link").click()
    page.wait_for_url("**sort=summary.val*")
    assert names(page) == [f"calm-river-{number}" for number in (0, 1, 2, 3)]
    page.locator("th", has_text="val/loss").get_by_role("link").click()
    page.wait_for_url("**order=asc*")
    assert names(page) == [f"calm-river-{number}" for number in (3, 2, 1, 0)]
    page.get_by_label("State").select_option("finished")
    expect(page.locator("#runs tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("#runs tbody tr")).to_have_count(4)


def test_the_last_search_is_the_one_that_counts(visit: Visit) -> None:
    page = visit(RUNS)
    hold_first(page, re.compile(r"/runs\?.*q="))  # its answer does not come before the last
    search = page.get_by_placeholder("Search name, id, notes")
    with page.expect_request(re.compile("q=calm")):
        search.press_sequentially("calm")
    search.press_sequentially("-river-2")
    expect(page.locator("#runs tbody tr")).to_have_count(1)
    assert names(page) == ["calm-river-2"]


def test_pages(visit: Visit) -> None:
    page = visit(f"{RUNS}?limit=2&q=river-")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2*")
    assert names(page) == ["calm-river-1", "calm-river-0"]
    page.get_by_role("link", name="Previous").click()
    expect(page.locator(".pager")).to_contain_text("Page 1 of 2")


def test_columns(visit: Visit) -> None:
    page = visit(RUNS)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("config.lr").check()
    page.get_by_label("summary.accuracy").uncheck()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**column=*")
    visit(RUNS)
    heads = page.locator("#runs thead").inner_text()
    assert "lr" in heads
    assert "accuracy" not in heads


def test_a_run_appears_and_finishes_by_itself(visit: Visit, daemon: Served) -> None:
    page = visit(f"{RUNS}?q=late")
    expect(page.locator("#runs")).to_contain_text("No run fits")
    make_run(daemon, "late1")
    row = page.locator("#runs tr", has_text="late1")
    expect(row).to_contain_text("running")
    row.get_by_role("checkbox").check()
    daemon.ask("POST", "/api/v1/runs/late1/finish", {"exit_code": 1})
    expect(row).to_contain_text("failed")
    expect(row.get_by_role("checkbox")).to_be_checked()


def test_compare(visit: Visit) -> None:
    page = visit(f"{RUNS}?q=river-&sort=name&order=asc")
    for name in ("calm-river-1", "calm-river-2"):
        page.get_by_label(f"Tick {name}").check()
    page.get_by_role("button", name="Compare 2").click()
    page.wait_for_url("**/r1/metrics?with=r2")
    expect(page.locator("#runs-shown li")).to_have_count(2)


def test_an_ended_sign_in_is_said(visit: Visit, browser: BrowserContext, troubles: list[str]) -> None:
    page = visit(f"{RUNS}?q=river-")
    browser.clear_cookies()
    expect(page.locator("#lost")).to_contain_text("You have been signed out.")
    expect(page.locator("#runs tbody tr")).to_have_count(4)
    page.get_by_role("link", name="Sign in again").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert page.locator("input[name=next]").get_attribute("value") == f"{RUNS}?q=river-"
    troubles.clear()  # the refusal itself


def test_a_server_that_is_away_is_said(visit: Visit, troubles: list[str]) -> None:
    page = visit(RUNS)
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_contain_text("does not answer")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()
    troubles.clear()  # the browser tells of what it could not load


def test_on_a_phone(visit: Visit, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    visit(RUNS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit(f"{RUNS}/r1/files")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit(f"{RUNS}/r1/metrics")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
