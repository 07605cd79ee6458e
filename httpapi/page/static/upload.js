"use strict";
// Uploads from the Files tab: chosen or dropped files and folders, a few at a time, with progress. What breaks off
// is tried again until it is through or paused; large files go in parts, of which only the missing ones are sent
// again, also after the server was restarted or the page was closed and the same file dropped again.
(() => {
  const AT_ONCE = 3;
  const ONE_REQUEST_BYTES = 8 * 1024 * 1024;
  const RETRY_MS = [500, 1000, 2000, 4000, 8000];
  const SHOWN_ROWS = 200;
  const REMEMBER_MS = 24 * 3600 * 1000;

  const area = document.getElementById("files");
  if (!area?.dataset.upload) return;
  const { token, say } = globalThis.runfs;
  const api = area.dataset.upload, project = area.dataset.project, folder = area.dataset.folder;
  const byId = (id) => document.getElementById(id);
  const panel = byId("uploads"), list = panel.querySelector("ul"), total = byId("uploads-progress");
  const queue = []; // all items of this page, in order
  let paused = false, running = 0, begun = 0; // no item before number `begun` is waiting

  class Refused extends Error {} // the server's no: trying again would not help
  class Interrupted extends Error {} // the connection's or the server's trouble: it may help
  class Paused extends Error {}

  // --- what to upload ---

  for (const kind of ["files", "folder"]) {
    const input = byId(`choose-${kind}`);
    document.querySelector(`[data-choose=${kind}]`).addEventListener("click", (event) => {
      event.target.closest("details").open = false;
      input.click();
    });
    input.addEventListener("change", () => {
      add([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    });
  }

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    byId("files").classList.add("over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) byId("files").classList.remove("over"); });
  addEventListener("drop", async (event) => {
    byId("files").classList.remove("over");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = [], files = [...event.dataTransfer.files]; // to be taken before the first await, which empties the event
    for (const entry of entries) await walk(entry, found);
    if (!entries.length) found.push(...files.map((file) => ({ file, path: file.name })));
    if (found.length) add(found);
    else say("There is no file in what was dropped.");
  });

  async function walk(entry, found) {
    const path = entry.fullPath.replace(/^\//, "");
    try {
      if (entry.isFile) {
        found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), path });
        return;
      }
      const reader = entry.createReader();
      for (;;) { // a reader gives a folder in pieces
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) return;
        for (const child of some) await walk(child, found);
      }
    } catch (error) { // no right to read it, or gone: the others are still uploaded
      found.push({ file: new File([], entry.name), path, problem: `This browser could not read it: ${error.message}` });
    }
  }

  function add(found) {
    if (!found.length) return;
    panel.hidden = false;
    for (const { file, path, problem } of found) {
      const item = { file, path: folder ? `${folder}/${path}` : path, sent: 0, state: problem ? "failed" : "waiting", tries: 0, requests: new Set(), row: null };
      queue.push(item);
      if (list.children.length < SHOWN_ROWS) item.row = row(item);
      if (problem) show(item, problem);
    }
    say(`${found.length} files to upload.`);
    next();
  }

  function row(item) {
    const line = document.createElement("li");
    const name = document.createElement("span"), status = document.createElement("span"), bar = document.createElement("progress");
    name.className = "path";
    name.textContent = item.path;
    status.className = "status";
    bar.max = 1;
    bar.setAttribute("aria-label", item.path);
    line.append(name, status, bar);
    list.append(line);
    return line;
  }

  // --- the queue ---

  function next() {
    while (!paused && running < AT_ONCE) {
      while (queue[begun] && queue[begun].state !== "waiting") begun++;
      const item = queue[begun];
      if (!item) break;
      running++;
      item.state = "sending";
      send(item).finally(() => { running--; next(); });
    }
    if (!running && !paused && queue.length) finished();
  }

  let told = 0;
  function finished() {
    const done = queue.filter((item) => item.state === "done").length;
    if (told === queue.length) return;
    told = queue.length;
    byId("uploads-clear").hidden = false;
    say(`${done} of ${queue.length} files uploaded.`);
    refresh();
  }
  const refresh = () => htmx.trigger(byId("files"), "refresh");

  async function send(item) {
    for (;;) {
      try {
        await transfer(item);
        item.state = "done";
        item.sent = item.file.size;
        return show(item, "done");
      } catch (error) {
        item.sent = item.kept ?? 0;
        if (error instanceof Paused) return waits(item);
        if (!(error instanceof Interrupted)) { item.state = "failed"; return show(item, error.message); }
        const wait = RETRY_MS[Math.min(item.tries++, RETRY_MS.length - 1)];
        show(item, `${error.message}; trying again`);
        await new Promise((done) => { item.wake = done; setTimeout(done, wait); });
        if (paused) return waits(item);
      }
    }
  }

  function waits(item) {
    item.state = "waiting";
    begun = 0;
    show(item, "paused");
  }

  async function transfer(item) {
    const { file, path } = item;
    show(item, "sending");
    if (file.size <= ONE_REQUEST_BYTES) {
      const query = new URLSearchParams({ path, project });
      if (usableType(file.type)) query.set("content_type", file.type);
      return void (await request(item, "PUT", `${api}/files?${query}`, file));
    }
    const upload = await open(item);
    if (!upload.already_stored) {
      for (const part of upload.parts ?? [{ offset: 0, size: file.size, upload_url: upload.upload_url }]) {
        item.base = part.offset;
        await request(item, "PUT", here(part.upload_url), file.slice(part.offset, part.offset + part.size));
        item.kept = part.offset + part.size;
        item.tries = 0;
      }
    }
    show(item, "checking");
    item.base = file.size;
    await request(item, "POST", `${api}/files?${new URLSearchParams({ project })}`, JSON.stringify({ upload_id: upload.upload_id }), true);
    forget(item);
  }

  // The upload to go on with: one that was begun for this very file, or a new one.
  async function open(item) {
    const { file, path } = item;
    const begun = recall(item);
    if (begun) {
      try {
        const upload = await request(item, "GET", `/api/v1/uploads/${begun}`);
        const first = upload.parts?.length ? upload.parts[0].offset : 0;
        item.kept = item.sent = upload.already_stored ? file.size : first;
        if (first) show(item, "going on where it stopped");
        return upload;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        forget(item); // it was given up since
      }
    }
    const wish = { path, size: file.size };
    if (usableType(file.type)) wish.content_type = file.type;
    const upload = await request(item, "POST", `${api}/files/upload-url?${new URLSearchParams({ project })}`, JSON.stringify(wish), true);
    remember(item, upload.upload_id);
    return upload;
  }

  const usableType = (type) => /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type);
  // Signed addresses are absolute; ours are asked for under the name that this page has.
  const here = (url) => { const { pathname, search } = new URL(url, location.href); return pathname + search; };

  // Name, size and time of change tell the same file from another one with its name.
  const memory = (item) => `runfs-upload:${api}:${project}:${item.path}:${item.file.size}:${item.file.lastModified}`;
  function recall(item) {
    try {
      const { id, at } = JSON.parse(localStorage.getItem(memory(item)) ?? "{}");
      return at > Date.now() - REMEMBER_MS ? id : null;
    } catch { return null; }
  }
  function remember(item, id) { try { localStorage.setItem(memory(item), JSON.stringify({ id, at: Date.now() })); } catch { /* a full memory costs only the resumption */ } }
  function forget(item) { try { localStorage.removeItem(memory(item)); } catch { /* likewise */ } }

  function request(item, method, url, body = null, json = false) {
    return new Promise((done, failed) => {
      const call = new XMLHttpRequest(); // fetch tells nothing of how far a body has gone
      item.requests.add(call);
      call.open(method, url);
      call.setRequestHeader("X-CSRF-Token", token);
      if (json) call.setRequestHeader("Content-Type", "application/json");
      else if (body) call.setRequestHeader("Content-Type", "application/octet-stream");
      if (method === "PUT") call.upload.addEventListener("progress", (event) => { item.sent = (item.base ?? 0) + event.loaded; showSoon(item); });
      call.addEventListener("loadend", () => {
        item.requests.delete(call);
        if (call.status >= 200 && call.status < 300) return done(call.responseText ? JSON.parse(call.responseText) : null);
        if (item.pausing) { item.pausing = false; return failed(new Paused()); }
        if (call.status === 0) return failed(new Interrupted("The connection broke off"));
        let detail = `The server said ${call.status}`;
        try { detail = JSON.parse(call.responseText).detail ?? detail; } catch { /* not a problem document */ }
        failed(call.status >= 500 && call.status !== 507 || call.status === 429 ? new Interrupted(detail) : new Refused(detail));
      });
      call.send(body);
    });
  }

  // --- pause, clear, progress ---

  byId("uploads-pause").addEventListener("click", () => {
    paused = !paused;
    byId("uploads-pause").textContent = paused ? "Resume" : "Pause";
    say(paused ? "Uploads paused." : "Uploads go on.");
    if (paused) {
      for (const item of queue) {
        if (item.state !== "sending") continue;
        item.wake?.();
        if (item.requests.size) item.pausing = true;
        for (const call of item.requests) call.abort();
      }
    } else {
      begun = 0;
      next();
    }
  });
  byId("uploads-clear").addEventListener("click", () => {
    queue.length = told = begun = 0;
    list.replaceChildren();
    panel.hidden = true;
    byId("uploads-clear").hidden = true;
  });
  addEventListener("beforeunload", (event) => { if (queue.some((item) => item.state === "sending" || item.state === "waiting")) event.preventDefault(); });

  let soon = 0;
  function showSoon(item) {
    item.stale = true;
    soon ||= requestAnimationFrame(() => { soon = 0; for (const each of queue) if (each.stale) show(each); });
  }

  function show(item, status) {
    if (item.state === "failed") item.row ??= row(item);
    if (item.row) {
      item.stale = false;
      const [, text, bar] = item.row.children;
      if (status) text.textContent = status;
      bar.value = item.state === "done" ? 1 : item.file.size ? Math.min(1, item.sent / item.file.size) : 0;
      item.row.classList.toggle("bad", item.state === "failed");
      if (item.state === "done") item.row.remove();
    }
    totals ||= requestAnimationFrame(showTotals);
  }

  let totals = 0;
  function showTotals() {
    totals = 0;
    let sent = 0, size = 0, done = 0;
    for (const each of queue) { sent += each.state === "done" ? each.file.size : each.sent; size += each.file.size; done += each.state === "done"; }
    total.value = size ? sent / size : done === queue.length ? 1 : 0;
    byId("uploads-title").textContent = `${done} of ${queue.length} uploaded`;
    byId("uploads-pause").hidden = queue.every((each) => each.state === "done" || each.state === "failed");
  }
})();
