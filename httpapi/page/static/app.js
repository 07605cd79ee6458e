"use strict";
// What every page needs beside htmx: the token on changes, copy buttons, ticked rows, a dialog before deleting,
// the theme, menus that close, and a log that follows.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const token = document.querySelector("meta[name=csrf]")?.content ?? "";
  const dialog = document.getElementById("confirm");
  const say = (text) => { document.getElementById("said").textContent = text; };
  globalThis.runfs = { token, say };

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.request.method !== "GET") ctx.request.headers["X-CSRF-Token"] = token;
    // What updates itself waits while nobody looks, and while someone is asked about what the page shows.
    else if ((document.hidden || dialog.open) && !ctx.sourceElement.matches("form, input, button")) event.preventDefault();
  });

  // What updates itself and had to wait for another request, as for a search, asks for what the page shows by now.
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement === ctx.target) ctx.request.action = ctx.sourceElement.getAttribute("hx-get") ?? ctx.request.action;
  });

  // What could not be asked for: a sign-in that has ended, or a server that does not answer. The page stays
  // as it was, asks again by itself, and says no more once it was answered.
  const lost = document.getElementById("lost");
  function lose(text, address) {
    lost.textContent = text;
    if (address) {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = "Sign in again";
      lost.append(" ", link);
    }
    lost.hidden = false;
  }
  const answered = (status) => {
    if (status === 401) lose("You have been signed out.", `/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}`);
    else if (status === 404) lose("What this page shows is not there any more.");
    else if (status >= 500) lose("The server is in trouble; this page is not up to date.");
    else if (status < 400) lost.hidden = true;
  };
  globalThis.runfs.answered = answered;
  globalThis.runfs.unanswered = () => lose("The server does not answer; this page is not up to date.");
  document.addEventListener("htmx:after:request", (event) => answered(event.detail.ctx.response.status));
  document.addEventListener("htmx:error", (event) => { if (event.detail.ctx) globalThis.runfs.unanswered(); });

  // Copy
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const text = button.dataset.copy ?? document.querySelector(button.dataset.copyFrom).textContent;
    await copy(text);
    say("Copied.");
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1200);
  });

  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Without TLS browsers have no clipboard for us; this old way still works.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  // Theme: the cookie is read by the server, so the next page comes in the right colours at once.
  document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
    const root = document.documentElement;
    const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.cookie = `runfs_theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
    for (const frame of all(".preview iframe[data-themed]")) frame.src = frame.src;
  });

  // Ticked rows: how many there are, and the buttons that act on them.
  const picked = new Set();
  document.addEventListener("change", (event) => {
    const box = event.target;
    const table = box.closest?.("table[data-pick]");
    if (!table) return;
    if (box.matches("[data-pick-all]")) for (const each of boxes(table)) each.checked = box.checked;
    for (const each of boxes(table)) each.checked ? picked.add(each.value) : picked.delete(each.value);
    showPicked();
  });
  const boxes = (table) => all(`input[name="${table.dataset.pick}"]`, table);
  function showPicked() {
    const there = new Set();
    for (const table of all("table[data-pick]")) {
      const rows = boxes(table);
      for (const box of rows) {
        there.add(box.value);
        box.checked = picked.has(box.value);
        box.closest("tr").classList.toggle("picked", box.checked);
      }
      const head = table.querySelector("[data-pick-all]");
      head.checked = rows.length > 0 && rows.every((box) => box.checked);
      head.indeterminate = !head.checked && rows.some((box) => box.checked);
    }
    for (const value of picked) if (!there.has(value)) picked.delete(value);
    for (const count of all("[data-picked]")) count.textContent = picked.size;
    for (const button of all("[data-needs-picked]")) button.hidden = picked.size === 0;
  }
  document.addEventListener("htmx:after:swap", showPicked);
  addEventListener("pageshow", () => setTimeout(() => {
    for (const table of all("table[data-pick]")) for (const box of boxes(table)) if (box.checked) picked.add(box.value);
    showPicked();
  }));

  // A dialog before what cannot be undone by a click.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.confirm || button.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    document.getElementById("confirm-text").textContent = button.dataset.confirm.replace("{picked}", picked.size);
    dialog.returnValue = "no";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      button.dataset.confirmed = "yes";
      button.form.requestSubmit(button);
      delete button.dataset.confirmed;
    }, { once: true });
  }, true);

  // Menus close on Escape and on a click elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, select, textarea")) {
      const search = document.querySelector("main input[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // A log stays at its end while "Follow" is ticked; scrolling up unticks it.
  const log = document.querySelector("[data-follow]");
  const follow = document.getElementById("follow");
  if (log) {
    const toEnd = () => { log.scrollTop = log.scrollHeight; };
    toEnd();
    document.addEventListener("htmx:after:swap", (event) => {
      // Not after "Show earlier lines": whoever asked for them wants to see them.
      if (follow?.checked && event.detail.ctx.sourceElement.id === "tail") toEnd();
    });
    follow?.addEventListener("change", () => { if (follow.checked) toEnd(); });
    const letGo = () => { if (follow) follow.checked = false; };
    log.addEventListener("wheel", (event) => { if (event.deltaY < 0) letGo(); }, { passive: true });
    log.addEventListener("keydown", (event) => { if (["ArrowUp", "PageUp", "Home"].includes(event.key)) letGo(); });
    let top = log.scrollTop;
    log.addEventListener("scroll", () => { // dragged, by its bar or a finger
      if (log.scrollTop < top && log.scrollTop + log.clientHeight < log.scrollHeight - 2) letGo();
      top = log.scrollTop;
    }, { passive: true });
  }
})();
