"use strict";
// Draws the charts of the Metrics tab: one uPlot a key, every shown run a line. Numbers come thinned from the
// server; zooming asks for the stretch anew, so that it is as sharp as the screen allows.
(() => {
  const COLOURS = [
    "#3f7fe0", "#d9662b", "#1f9d6b", "#a24cc4", "#c23a5e", "#8a7a12", "#1b98ab", "#7a5b46", "#6470d8", "#c0812a",
  ];
  const REFRESH_MS = 3000;
  const HEIGHT_PX = 216;

  const grid = document.getElementById("charts");
  if (!grid) return;
  const byId = (id) => document.getElementById(id);
  const controls = { smoothing: byId("smoothing"), across: byId("across"), log: byId("log-scale"), from: byId("zoom-from"), to: byId("zoom-to") };
  const runs = [...document.querySelectorAll("#runs-shown [data-run]")].map((item, index) => {
    const colour = COLOURS[index % COLOURS.length];
    item.querySelector("[data-swatch]").style.background = colour;
    return { name: item.querySelector("a").textContent, url: item.dataset.url, alive: item.dataset.alive === "yes", colour };
  });
  const charts = new Map(); // figure -> { key, plot, answers }
  let zoom = null; // [from, to] on the shown axis

  // In steps, so that windows of about one width share what the server keeps.
  const points = () => Math.min(2000, Math.ceil((grid.firstElementChild?.clientWidth || 500) * 1.5 / 250) * 250);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Numbers of many charts that become visible together are asked for in one request a run.
  let waiting = null;
  function load(figure) {
    if (!waiting) {
      waiting = new Set();
      setTimeout(() => { const figures = [...waiting]; waiting = null; fetchAll(figures); }, 30);
    }
    waiting.add(figure);
  }

  async function fetchAll(figures) {
    const keys = figures.map((figure) => charts.get(figure).key);
    const first = figures.every((figure) => !charts.get(figure).answers);
    const answers = await Promise.all(runs.map((run) => fetchRun(run, keys, first)));
    for (const figure of figures) {
      const chart = charts.get(figure);
      const old = chart.answers || [];
      chart.answers = answers.map((answer, index) => answer || old[index] || null);
      draw(figure);
      // Of a long history a few lines come first; all of them are read while those are drawn.
      if (answers.some((answer) => answer?.rough)) load(figure);
    }
  }

  async function fetchRun(run, keys, first) {
    const query = new URLSearchParams(keys.map((key) => ["key", key]));
    query.set("points", points());
    if (first) query.set("rough", "yes");
    const lines = linesOf(run);
    if (lines) { query.set("from", lines[0]); query.set("to", lines[1]); }
    try {
      const response = await fetch(`${run.url}?${query}`);
      globalThis.runfs.answered(response.status);
      if (!response.ok) return null;
      const answer = await response.json();
      run.alive = answer.alive;
      if (!lines && !(run.whole?.line.length > answer.line.length)) run.whole = answer;
      return answer;
    } catch {
      globalThis.runfs.unanswered();
      return null; // the server is restarting: what is drawn stays, the next turn asks again
    }
  }

  // The stretch of history lines that the zoom shows of a run; null for all of it, or while it is sharp enough.
  function linesOf(run) {
    if (!zoom || !run.whole || run.whole.width === 1) return null;
    const x = axis(run.whole);
    let first = 0, last = x.length - 1;
    while (first < x.length - 1 && x[first + 1] < zoom[0]) first++;
    while (last > 0 && x[last - 1] > zoom[1]) last--;
    const { line, lines } = run.whole; // buckets without a value are left out, so a line's number tells where one stands
    return [line[first - 1] ?? 0, line[last + 2] ?? lines];
  }

  function axis(answer) {
    if (controls.across.value === "step") return answer.step;
    const start = answer.time.find((value) => value !== null) ?? 0;
    const shift = controls.across.value === "relative" ? start : 0;
    return answer.time.map((value, index) => (value === null ? index : value - shift));
  }

  // An exponential mean without the pull of its first value, as most plotting tools draw it.
  function smooth(values, weight) {
    if (!weight) return values;
    let last = 0, count = 0;
    return values.map((value) => {
      if (value === null || value === undefined) return null;
      last = last * weight + (1 - weight) * value;
      count++;
      return last / (1 - weight ** count);
    });
  }

  function table(chart) {
    const tables = [], names = [];
    chart.answers.forEach((answer, index) => {
      const numbers = answer?.keys[chart.key];
      if (!numbers || !numbers.mean.some((value) => value !== null)) return;
      const x = axis(answer);
      const order = x.map((_, i) => i).filter((i) => numbers.mean[i] !== null).sort((a, b) => x[a] - x[b]);
      const pick = (values) => order.map((i) => values[i]);
      const weight = Number(controls.smoothing.value);
      const columns = [pick(x), smooth(pick(numbers.mean), weight)];
      if (weight) columns.push(pick(numbers.mean));
      else if (numbers.least) columns.push(pick(numbers.least), pick(numbers.greatest));
      tables.push(columns);
      names.push({ run: runs[index], band: !weight && Boolean(numbers.least), raw: Boolean(weight) });
    });
    return { data: tables.length ? uPlot.join(tables) : null, names };
  }

  function draw(figure) {
    const chart = charts.get(figure);
    Object.assign(chart, table(chart));
    const { data, names } = chart;
    chart.plot?.destroy();
    chart.plot = null;
    const place = figure.querySelector(".plot");
    place.replaceChildren();
    legend(figure, null);
    figure.classList.toggle("bare", !data); // a summary may name what no line of the history has
    if (!data) return;
    const series = [{}], bands = [];
    for (const { run, band, raw } of names) {
      series.push({ label: run.name, stroke: run.colour, width: 1.8, spanGaps: true, points: { show: data[0].length < 3 } });
      if (raw) series.push({ stroke: run.colour + "44", width: 1, spanGaps: true, points: { show: false } });
      if (band) {
        series.push({ stroke: "transparent", spanGaps: true, points: { show: false } }, { stroke: "transparent", spanGaps: true, points: { show: false } });
        bands.push({ series: [series.length - 1, series.length - 2], fill: run.colour + "33" });
      }
    }
    const lines = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const seconds = controls.across.value === "relative";
    chart.plot = new uPlot({
      width: place.clientWidth,
      height: HEIGHT_PX,
      series,
      bands,
      legend: { show: false },
      scales: { x: { time: controls.across.value === "time", range: (u, low, high) => zoom || [low, high === low ? low + 1 : high] }, y: { distr: controls.log.checked ? 3 : 1 } },
      axes: [{ ...lines, values: seconds ? (u, values) => values.map(elapsed) : undefined }, { ...lines, size: 56, values: (u, values) => values.map((value) => (value === null ? "" : short(value))) }],
      cursor: { sync: { key: "charts", setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
      hooks: {
        setCursor: [(u) => legend(figure, u.cursor.idx ?? null)],
        setSelect: [(u) => { if (u.select.width > 3) setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]); u.setSelect({ width: 0, height: 0 }, false); }],
      },
    }, data, place);
    chart.plot.over.addEventListener("dblclick", () => setZoom(null));
  }

  // Beside each run its value under the cursor, or its last one: the chart in words.
  function legend(figure, at) {
    const { names, data } = charts.get(figure);
    const list = figure.querySelector(".legend");
    if (list.children.length !== names.length) list.replaceChildren(...names.map(legendItem));
    let column = 1;
    names.forEach(({ band, raw }, index) => {
      const values = data[column];
      column += 1 + (raw ? 1 : 0) + (band ? 2 : 0);
      let value = null;
      for (let i = at ?? values.length - 1; i >= 0 && value == null; i--) value = values[i];
      list.children[index].lastChild.textContent = value == null ? "" : short(value);
    });
  }

  function legendItem({ run }) {
    const item = document.createElement("li"), swatch = document.createElement("span");
    const name = document.createElement("span"), value = document.createElement("b");
    swatch.className = "swatch";
    swatch.style.background = run.colour;
    name.textContent = run.name;
    item.append(swatch, name, value);
    return item;
  }

  function short(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e7 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
    return String(Number(value.toPrecision(5)));
  }

  function elapsed(seconds) {
    if (seconds === null) return "";
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    if (hours) return minutes ? `${hours}h ${minutes}m` : `${hours}h`;
    return minutes ? `${minutes}m ${Math.round(seconds % 60)}s` : `${short(seconds)}s`;
  }

  function setZoom(to) {
    zoom = to && to[1] > to[0] ? to : null;
    controls.from.value = zoom ? short(zoom[0]) : "";
    controls.to.value = zoom ? short(zoom[1]) : "";
    byId("zoom-off").hidden = !zoom;
    redraw();
    for (const figure of visible()) load(figure);
  }

  function fromFields() {
    const low = controls.from.value === "" ? -Infinity : Number(controls.from.value);
    const high = controls.to.value === "" ? Infinity : Number(controls.to.value);
    if (low === -Infinity && high === Infinity) return setZoom(null);
    const ends = runs.filter((run) => run.whole).flatMap((run) => axis(run.whole));
    setZoom([Math.max(low, Math.min(...ends)), Math.min(high, Math.max(...ends))]);
  }

  const drawn = () => [...charts].filter(([, chart]) => chart.answers).map(([figure]) => figure);
  const visible = () => drawn().filter((figure) => { const box = figure.getBoundingClientRect(); return !figure.hidden && box.bottom > 0 && box.top < innerHeight; });
  const redraw = () => drawn().forEach(draw);

  controls.smoothing.addEventListener("input", () => { controls.smoothing.nextElementSibling.value = controls.smoothing.value; redraw(); });
  controls.across.addEventListener("change", () => setZoom(null));
  controls.log.addEventListener("change", redraw);
  controls.from.addEventListener("change", fromFields);
  controls.to.addEventListener("change", fromFields);
  byId("zoom-off").addEventListener("click", () => setZoom(null));
  byId("chart-search").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const [figure, chart] of charts) figure.hidden = !chart.key.toLowerCase().includes(wanted);
  });
  let resizing = 0;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(redraw, 150); });
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && !charts.get(entry.target).answers) load(entry.target);
  }, { rootMargin: "200px" });
  for (const figure of grid.children) {
    charts.set(figure, { key: figure.dataset.key, plot: null, answers: null });
    seen.observe(figure);
  }
  setInterval(() => {
    const busy = matchMedia(":hover").matches && document.querySelector(".plot:hover .u-select[style*='width']:not([style*='width: 0'])");
    if (!document.hidden && !zoom && !busy && runs.some((run) => run.alive)) for (const figure of visible()) load(figure);
  }, REFRESH_MS);
})();
