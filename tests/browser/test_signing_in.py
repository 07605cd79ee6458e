"""Signing in and out, the theme, and the keyboard's way around."""

from __future__ import annotations

from browsing import RUN, RUNS, Visit
from daemon_process import Served
from playwright.sync_api import BrowserContext, Page, expect


def test_with_a_key_to_where_one_wanted(browser: BrowserContext, daemon: Served) -> None:
    browser.clear_cookies()
    page = browser.new_page()
    page.goto(daemon.http + RUNS)
    expect(page.locator("h1")).to_have_text("Sign in")
    page.fill("#key", "runfs_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unknown or revoked")
    page.goto(daemon.http + RUNS)
    page.fill("#key", (daemon.data / "key").read_text().strip())
    page.keyboard.press("Enter")
    page.wait_for_url(daemon.http + RUNS)
    (cookie,) = [each for each in browser.cookies() if each["name"] == "runfs_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] in ("Lax", "Strict")
    assert "runfs_session" not in page.evaluate("document.cookie")
    page.close()


def test_with_a_one_time_link(browser: BrowserContext, daemon: Served) -> None:
    browser.clear_cookies()
    link = daemon.ask("POST", "/api/v1/sign-in-links")
    page = browser.new_page()
    page.goto(daemon.http + link["path"])
    expect(page.locator("h1")).to_have_text("Projects")
    browser.clear_cookies()
    page.goto(daemon.http + link["path"])
    expect(page.get_by_role("alert")).to_contain_text("used already")
    page.close()


def test_sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")


def test_theme_is_kept(page: Page, visit: Visit) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(ground)
    assert light != dark
    visit(RUN)
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) == light


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".projects a").first).to_be_focused()
    page.locator(f".projects a[href='{RUNS}']").focus()  # other tests have projects too
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs")
    page.keyboard.press("/")
    expect(page.locator("input[type=search]").first).to_be_focused()
    page.keyboard.type("river-2")
    expect(page.locator("#runs tbody tr")).to_have_count(1)
    page.locator("#runs td a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/r2")
