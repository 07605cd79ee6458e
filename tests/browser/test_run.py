"""A run's tabs: overview, metrics, log, metadata; sweeps and artifacts."""

from __future__ import annotations

import json

from browsing import PROJECT, RUN, RUNS, Visit, count_ended, hold_first, make_run
from daemon_process import Served
from playwright.sync_api import Page, Response, expect


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_overview_and_copy_buttons(visit: Visit) -> None:
    page = visit(RUN)
    expect(page.locator("main")).to_contain_text("optimizer")
    page.get_by_role("button", name="Copy folder").click()
    expect(page.locator("#said")).to_have_text("Copied.")
    assert clipboard(page) == "/mnt/wandb/projects/team/vision/runs/r1"
    page.get_by_role("button", name="Copy SDK line").click()
    page.wait_for_function("() => navigator.clipboard.readText().then(text => text.startsWith('sdk'))")
    assert clipboard(page) == 'sdk.Api().run("team/vision/r1")'


def test_tabs(visit: Visit) -> None:
    page = visit(RUN)
    for tab in ("Metrics", "Files", "Log", "Metadata", "Overview"):
        page.get_by_role("navigation", name="Run").get_by_role("link", name=tab).click()
        expect(page.locator(".tabs [aria-current=page]")).to_have_text(tab)


def test_metadata_can_be_copied(visit: Visit) -> None:
    page = visit(f"{RUN}/metadata")
    expect(page.locator(".tree")).to_contain_text("calm-river-1")
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("#said")).to_have_text("Copied.")
    assert json.loads(clipboard(page))["id"] == "r1"


def drawn(page: Page) -> None:
    """Wait until the loss chart has lines on it."""
    page.wait_for_function(
        """() => {
        const canvas = document.querySelector("figure[data-key=loss] canvas");
        if (!canvas) return false;
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
        }"""
    )


def test_charts_zoom_and_smoothing(visit: Visit) -> None:
    page = visit(f"{RUN}/metrics")
    drawn(page)
    loss = page.locator("figure[data-key=loss]")
    expect(loss.locator(".legend b")).to_have_text("0.036274")
    page.locator("#smoothing").fill("0.9")
    expect(loss.locator(".legend b")).not_to_have_text("0.036274")
    page.locator("#smoothing").fill("0")
    box = loss.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=5)
    page.mouse.up()
    zoomed = float(page.locator("#zoom-from").input_value())
    assert 45 < zoomed < 55
    assert 95 < float(page.locator("#zoom-to").input_value()) < 105
    page.get_by_role("button", name="Whole range").click()
    expect(page.locator("#zoom-from")).to_have_value("")
    page.locator("#zoom-from").fill("100")
    page.locator("#zoom-from").press("Enter")
    expect(page.locator("#zoom-to")).to_have_value("199")
    loss.locator(".u-over").dblclick()
    expect(page.locator("#zoom-to")).to_have_value("")
    page.locator("#across").select_option("relative")
    drawn(page)
    page.get_by_label("Log scale").check()
    drawn(page)


def test_several_runs_over_each_other(visit: Visit) -> None:
    page = visit(f"{RUN}/metrics")
    page.locator("summary", has_text="Compare").click()
    page.get_by_placeholder("Search runs").fill("river-2")
    page.get_by_role("button", name="calm-river-2").click()
    page.wait_for_url("**with=r2")
    expect(page.locator("figure[data-key=loss] .legend li")).to_have_count(2)
    drawn(page)
    page.get_by_role("button", name="Take calm-river-2 off").click()
    expect(page.locator("#runs-shown li")).to_have_count(1)
    page.locator("#chart-search").fill("acc")
    expect(page.locator("figure[data-key=loss]")).to_be_hidden()


ODD_KEYS = (
    'say "x"',
    "back\\slash",
    "<img src=x onerror=top.hacked=1>",
    "a.b",
    "{{7*7}}",
    "\u202egnp",
    "x" * 300,
)


def test_charts_of_keys_with_odd_names(visit: Visit, daemon: Served) -> None:
    for run, sign in (("odd1", 1), ("odd2", -1)):
        make_run(daemon, run, display_name=f"<b>{run}</b>")
        lines = [{"_step": i, **dict.fromkeys(ODD_KEYS, sign * i)} for i in range(100)]
        daemon.ask("POST", f"/api/v1/runs/{run}/history", {"first_line": 0, "lines": lines})
    page = visit(f"{RUNS}/odd1/metrics?with=odd2")
    figures = page.locator("#charts figure")
    expect(figures).to_have_count(len(ODD_KEYS))
    assert sorted(figures.locator("figcaption").all_inner_texts()) == sorted(
        key.replace("\u202e", "U+202E") for key in ODD_KEYS
    )
    for number in range(len(ODD_KEYS)):
        figures.nth(number).scroll_into_view_if_needed()
        expect(figures.nth(number).locator(".legend b")).to_have_text(["99", "-99"])
        expect(figures.nth(number).locator("canvas")).to_be_visible()
    quoted = page.locator("figure", has=page.get_by_text(ODD_KEYS[0], exact=True))
    expect(quoted.locator(".legend li").first).to_contain_text("<b>odd1</b>")
    page.locator("#zoom-from").fill("20")
    page.locator("#zoom-from").press("Enter")
    expect(page.locator("#zoom-to")).to_have_value("99")
    page.locator("#smoothing").fill("0.5")
    expect(quoted.locator(".legend b").first).not_to_have_text("99")
    page.locator("#chart-search").fill('"X"')
    expect(page.locator("#charts figure:visible")).to_have_count(1)
    assert page.evaluate("window.hacked") is None


def test_a_long_history_is_drawn_roughly_and_then_exactly(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "long")
    lines = [{"v": 50 if i == 12_345 else i % 7} for i in range(30_000)]
    daemon.ask("POST", "/api/v1/runs/long/history", {"first_line": 0, "lines": lines})
    page = visit("/")
    with page.expect_response("**/numbers?*rough=yes*") as rough, page.expect_response(exact) as whole:
        visit(f"{RUNS}/long/metrics")
    assert rough.value.json()["rough"] is True
    assert max(rough.value.json()["keys"]["v"]["mean"]) < 50
    assert whole.value.json()["rough"] is False
    assert max(whole.value.json()["keys"]["v"]["greatest"]) == 50
    with page.expect_response("**/numbers?*from=*"):
        page.locator("#zoom-from").fill("12300")
        page.locator("#zoom-from").press("Enter")
    with page.expect_response("**/numbers?*from=*") as zoomed:
        page.locator("#zoom-to").fill("12400")
        page.locator("#zoom-to").press("Enter")
    assert zoomed.value.json()["width"] == 1
    assert max(zoomed.value.json()["keys"]["v"]["mean"]) == 50


def exact(response: Response) -> bool:
    return "/numbers?" in response.url and "rough" not in response.url


def test_a_living_runs_charts_grow(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "grows")
    daemon.ask("POST", "/api/v1/runs/grows/history", {"first_line": 0, "lines": [{"x": 1}, {"x": 2}]})
    page = visit(f"{RUNS}/grows/metrics")
    value = page.locator("figure[data-key=x] .legend b")
    expect(value).to_have_text("2")
    daemon.ask("POST", "/api/v1/runs/grows/history", {"first_line": 2, "lines": [{"x": 7}]})
    expect(value).to_have_text("7")


def test_log_follows(visit: Visit, daemon: Served) -> None:
    page = visit(f"{RUN}/log")
    expect(page.locator("#log")).to_contain_text("epoch 99")
    assert page.locator("#log .ansi-green").count() == 100
    at_end = """() => {
        const log = document.getElementById("log");
        return log.scrollHeight - log.scrollTop - log.clientHeight < 5;
        }"""
    page.wait_for_function(at_end)
    daemon.ask("POST", "/api/v1/runs/r1/console", {"first_line": 100, "lines": ["<b>new</b> line"] * 30})
    expect(page.locator("#log")).to_contain_text("<b>new</b> line")
    page.wait_for_function(at_end)
    page.locator("#log").focus()
    page.keyboard.press("Home")
    expect(page.locator("#follow")).not_to_be_checked()


def test_a_log_that_is_dragged_up_stays_there(visit: Visit, daemon: Served) -> None:
    make_run(daemon, "dragged")
    console = "/api/v1/runs/dragged/console"
    daemon.ask("POST", console, {"first_line": 0, "lines": [f"line {number}" for number in range(200)]})
    page = visit(f"{RUNS}/dragged/log")
    # As by the bar, or a finger, which drags on where new lines come at the same moment.
    page.wait_for_function("() => { log.scrollTop = 50; return !follow.checked; }")
    daemon.ask("POST", console, {"first_line": 200, "lines": ["the last"]})
    expect(page.locator("#log")).to_contain_text("the last")
    assert page.locator("#log").evaluate("log => log.scrollTop") == 50
    page.locator("#follow").check()
    page.wait_for_function("log.scrollTop > 50")
    daemon.ask("POST", "/api/v1/runs/dragged/finish", {})


def test_what_is_folded_stays_so(visit: Visit) -> None:
    page = visit(RUN)
    page.locator("#run details summary").first.click()
    count_ended(page)
    expect(page.locator("body")).to_contain_text("ended")
    expect(page.locator("#run details").first).not_to_have_attribute("open", "")


def test_notes_keep_their_lines(visit: Visit, daemon: Served) -> None:
    daemon.ask("PATCH", "/api/v1/runs/r1", {"notes": "one\ntwo"})
    assert visit(RUN).locator("dd.lines").inner_text() == "one\ntwo"


def test_sweep(visit: Visit) -> None:
    page = visit(f"{PROJECT}/sweeps")
    page.get_by_role("link", name="s1").click()
    expect(page.locator(".parallel path")).to_have_count(4)
    expect(page.locator("#sweep tbody tr").first).to_contain_text("calm-river-3")
    page.get_by_label("Colour and rank by").select_option("accuracy")
    expect(page.locator("#sweep tbody tr").first).to_contain_text("calm-river-0")
    page.locator("svg.parallel").get_by_label("calm-river-2").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/r2")


def test_no_refresh_of_a_sweep_undoes_a_choice(visit: Visit) -> None:
    page = visit(f"{PROJECT}/sweeps/s1")
    held = hold_first(page, "**/sweeps/s1")
    with page.expect_request("**/sweeps/s1"):
        count_ended(page)
    page.get_by_label("Colour and rank by").select_option("accuracy")
    expect(page.locator("#sweep tbody tr").first).to_contain_text("calm-river-0")
    held[0].continue_()
    expect(page.locator("body")).to_contain_text("ended ended")
    expect(page.locator("#sweep tbody tr").first).to_contain_text("calm-river-0")


def test_artifacts(visit: Visit) -> None:
    page = visit(f"{PROJECT}/artifacts")
    page.get_by_role("link", name="mnist").click()
    expect(page.locator("tbody")).to_contain_text("best")
    page.get_by_role("link", name="v0").click()
    page.get_by_role("link", name="calm-river-1").click()
    page.wait_for_url(f"**{RUN}")
    expect(page.locator("main")).to_contain_text("mnist v0")
