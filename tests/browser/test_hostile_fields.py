"""Everything that a client may name or describe is shown letter by letter, and no page needs anybody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import urllib3
from browsing import Visit
from daemon_process import Served
from playwright.sync_api import Page, expect

# These are components of a path, and have no slash.
NAMES = ("entity", "project", "run", "sweep", "type", "collection", "alias", "file")


def text_of(field: str) -> str:
    """What a field holds: it ends the attribute or the element that it stands in, and then does mischief."""
    if field in NAMES:
        return f"{field}\"'><img src=x onerror=top.hacked='{field}'>"
    return f'{field}"\'></title></script></textarea><script>top.hacked="{field}"</script>{{{{7*7}}}}'


def quoted(field: str) -> str:
    return quote(text_of(field), safe="")


AT = f"/projects/{quoted('entity')}/{quoted('project')}"
RUN_AT, COLLECTION_AT = f"{AT}/runs/{quoted('run')}", f"{AT}/artifacts/collections/{quoted('collection')}"
PAGES = {
    "projects": "/",
    "runs": f"{AT}/runs",
    "runs of a tag": f"{AT}/runs?tag={quoted('tag')}",
    "search": f"{AT}/runs?q={quoted('q')}",
    "compare": f"{AT}/compare?run={quoted('run')}&run=r2",
    "run": RUN_AT,
    "metadata": f"{RUN_AT}/metadata",
    "metrics": f"{RUN_AT}/metrics",
    "log": f"{RUN_AT}/log",
    "files": f"{RUN_AT}/files",
    "file": f"{RUN_AT}/files/{quoted('file')}",
    "sweeps": f"{AT}/sweeps",
    "sweep": f"{AT}/sweeps/{quoted('sweep')}",
    "artifacts": f"{AT}/artifacts",
    "collection": COLLECTION_AT,
    "version": f"{COLLECTION_AT}/v0",
    "files of a version": f"{COLLECTION_AT}/v0/files",
    "no such page": f"{AT}/runs/{quoted('type')}",
    "sign-in": f"/sign-in?next={quoted('next')}",
}
SHOWN = {
    "projects": ("entity", "project", "project description"),
    "runs": ("display name", "user", "tag", "sweep"),
    "runs of a tag": ("tag",),
    "compare": ("display name",),
    "run": (
        *("run", "display name", "user", "host", "program", "group", "job type", "tag", "notes"),
        *("sweep", "collection", "type"),
    ),
    "log": ("display name", "console"),
    "files": ("display name", "file"),
    "file": ("file",),
    "sweeps": ("sweep name", "method"),
    "sweep": ("sweep name", "method", "display name"),
    "artifacts": ("type", "collection", "collection description"),
    "collection": ("collection", "alias"),
    "version": ("collection", "type", "alias", "artifact description"),
}


@pytest.fixture(scope="module", autouse=True)
def _planted(daemon: Served) -> None:
    project = f"{text_of('entity')}/{text_of('project')}"
    inside, run = f"?project={quote(project, safe='')}", f"/runs/{quoted('run')}"
    inner = {text_of("key"): text_of("value")}

    def ask(method: str, path: str, /, **fields: object) -> Any:
        return daemon.ask(method, f"/api/v1{path}", fields)

    def post(path: str, texts: dict[str, str], /, **fields: object) -> Any:
        """Make something in the project; `texts` are its fields, and what they hold."""
        named = {name: text_of(field) for name, field in texts.items()}
        return ask("POST", path, project=project, **named, **fields)

    post("/projects", {"description": "project description"})
    post("/sweeps", {"id": "sweep", "display_name": "sweep name", "method": "method"}, config=inner)
    texts = {each: each for each in ("user", "host", "program", "group", "notes", "sweep")}
    texts |= {"display_name": "display name", "job_type": "job type"}
    for name in (text_of("run"), "r2"):
        post("/runs", texts, id=name, tags=[text_of("tag")], config=inner)
    ask("PATCH", run + inside, summary=inner)
    lines = [{text_of("metric"): number} for number in range(3)]
    ask("POST", f"{run}/history{inside}", first_line=0, lines=lines)
    ask("POST", f"{run}/console{inside}", first_line=0, lines=[text_of("console")])
    texts = {each: each for each in ("type", "run", "digest")}
    texts |= {"name": "collection", "description": "artifact description"}
    made = post("/artifacts", texts, metadata=inner)
    ask("POST", f"/artifacts/{made['id']}/commit", aliases=[text_of("alias")])
    collection = f"/artifacts/collections/{quoted('collection')}{inside}"
    ask("PATCH", collection, description=text_of("collection description"))
    headers = {"Authorization": f"Bearer {(daemon.data / 'key').read_text().strip()}"}
    where = f"{daemon.http}/api/v1{run}/files{inside}&path={quoted('file')}"
    saved = urllib3.request("PUT", where, body=b"text", headers=headers).json()
    ask("PATCH", f"/runs/files/{saved['id']}", description=text_of("file description"))


@pytest.mark.parametrize(("where", "field"), [(page, field) for page in SHOWN for field in SHOWN[page]])
def test_it_is_shown_letter_by_letter(page: Page, visit: Visit, where: str, field: str) -> None:
    visit(PAGES[where])
    expect(page.get_by_text(text_of(field)).filter(visible=True).first).to_be_visible()


def test_a_description_that_is_edited(page: Page, visit: Visit) -> None:
    visit(PAGES["file"])
    expect(page.locator("#description")).to_have_value(text_of("file description"))


REFERENCES = r"""() => {
  const names = new Set(["src", "href", "xlink:href", "action", "formaction", "poster", "data", "background",
    "ping", "hx-get", "hx-post", "hx-put", "hx-delete"]);
  const found = [];
  const inside = (text, base) => {
    for (const [, address] of text.matchAll(/url\(["']?(.*?)["']?\)/g))
      found.push(new URL(address, base).href);
  };
  for (const each of document.querySelectorAll("*"))
    for (const {name, value} of each.attributes)
      if (names.has(name)) found.push(new URL(value, document.baseURI).href);
      else if (name != "srcset" && name != "srcdoc") inside(value, document.baseURI);
      else found.push(`${name}: ${value}`);
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules) inside(rule.cssText, sheet.href || document.baseURI);
  return found;
}"""


@pytest.mark.parametrize("where", PAGES)
def test_a_page_runs_nothing_and_refers_to_nobody_else(
    page: Page, daemon: Served, where: str, troubles: list[str]
) -> None:
    """Nothing that it shows is run, and nothing of it is loaded from, linked to or sent anywhere else."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(daemon.http + PAGES[where])
    page.wait_for_load_state("networkidle")
    assert [frame.evaluate("window.hacked") for frame in page.frames] == [None] * len(page.frames)
    referred = [address for frame in page.frames for address in frame.evaluate(REFERENCES)]
    assert len(asked) > 2
    assert len(referred) > 2
    ours = (f"{daemon.http}/", "data:image/", f"blob:{daemon.http}/")
    assert [address for address in {*asked, *referred} if not address.startswith(ours)] == []
    if where == "no such page":
        troubles.clear()  # the browser tells of its status
