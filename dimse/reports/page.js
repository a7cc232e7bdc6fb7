"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 560, HEIGHT = 220, LEFT = 84, RIGHT = 12, TOP = 12, BOTTOM = 28;
  const trs = Array.from(document.querySelectorAll("#rows > tr"));
  const rows = trs.map((tr) => ({
    kind: tr.className,
    at: Number(tr.dataset.at),
    bytes: Number(tr.dataset.bytes),
    seconds: Number(tr.dataset.seconds),
  }));
  const count = (kind) => rows.filter((row) => row.kind === kind).length;
  const sent = rows.filter((row) => row.seconds > 0);
  const bytes = sent.reduce((sum, row) => sum + row.bytes, 0);
  const last = rows.reduce((most, row) => Math.max(most, row.at), 0);
  const first = sent.reduce((least, row) => Math.min(least, row.at - row.seconds), last);
  const duration = Math.max(last - first, 0.001);

  function make(parent, name, attributes, text) {
    const svg = parent.namespaceURI === SVG || name === "svg";
    const element = svg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }
  function scaled(value, units) {
    let index = 0;
    while (value >= 1000 && index < units.length - 1) { value /= 1000; index += 1; }
    return `${value >= 100 || index === 0 && Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)} ${units[index]}`;
  }
  const size = (value) => scaled(value, ["B", "kB", "MB", "GB", "TB"]);
  function time(value) {
    if (value === 0) return "0 s";
    if (value < 0.001) return `${(value * 1e6).toFixed(0)} µs`;
    if (value < 1) return `${(value * 1e3).toFixed(value < 0.01 ? 1 : 0)} ms`;
    return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  }
  const stored = count("stored") + count("warning"), failed = count("failed"), unsent = count("not-sent");
  const verdict = document.getElementById("verdict");
  const asked = rows.length - count("left-out");
  verdict.className = failed || unsent || !stored ? "failed" : "stored";
  verdict.textContent = asked === 0 ? "Nothing was sent" : `${stored} of ${asked} objects stored`;

  const totals = document.getElementById("totals");
  function total(name, value) {
    const tile = make(totals, "div");
    make(tile, "b", {}, value);
    make(tile, "span", {}, name);
  }
  total("stored", String(count("stored")));
  total("stored with a warning", String(count("warning")));
  total("failed", String(failed));
  total("not sent", String(unsent));
  if (count("left-out")) total("left out", String(count("left-out")));
  total("sent", size(bytes));
  total("duration", time(duration));
  total("per second", size(bytes / duration));

  const pictures = document.getElementById("pictures");
  function picture(title, caption) {
    const figure = make(pictures, "figure");
    make(figure, "h2", {}, title);
    const svg = make(figure, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${caption}` });
    make(figure, "figcaption", {}, caption);
    return svg;
  }
  const x = (at) => LEFT + (WIDTH - LEFT - RIGHT) * Math.min(Math.max((at - first) / duration, 0), 1);
  const y = (share) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
  function axes(svg, labels) {
    for (const [share, label] of labels) {
      make(svg, "line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) });
      make(svg, "text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, label);
    }
    for (const share of [0, 0.5, 1]) {
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      make(svg, "text", { x: x(first + share * duration), y: HEIGHT - 8, "text-anchor": anchor }, time(share * duration));
    }
  }
  function throughput() {
    const buckets = Math.min(80, Math.max(8, Math.ceil(sent.length / 2)));
    const width = duration / buckets, filled = new Array(buckets).fill(0);
    for (const row of sent) {
      const begin = (row.at - row.seconds - first) / width, end = (row.at - first) / width;
      const span = Math.max(end - begin, 1e-9);
      for (let i = Math.max(0, Math.floor(begin)); i < Math.min(buckets, Math.ceil(end) || 1); i += 1) {
        filled[i] += row.bytes * Math.max(0, Math.min(end, i + 1) - Math.max(begin, i)) / span;
      }
    }
    const rates = filled.map((each) => each / width), most = Math.max(...rates, 1);
    const svg = picture("Throughput over time", `${size(bytes / duration)}/s on average, at most ${size(most)}/s`);
    axes(svg, [0, 0.5, 1].map((share) => [share, `${size(share * most)}/s`]));
    let curve = "";
    rates.forEach((rate, i) => {
      curve += `${i ? "L" : "M"}${x(first + i * width)},${y(rate / most)}L${x(first + (i + 1) * width)},${y(rate / most)}`;
    });
    make(svg, "path", { class: "area", d: `${curve}L${x(first + duration)},${y(0)}L${x(first)},${y(0)}Z` });
    make(svg, "path", { class: "curve", d: curve });
  }
  function latencies() {
    const sorted = sent.map((row) => row.seconds).sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const low = Math.log10(Math.max(sorted[0], 1e-6)), high = Math.max(Math.log10(at(1)), low + 0.3);
    const svg = picture("Seconds to the response", `half within ${time(at(0.5))}, 95 % within ${time(at(0.95))}, the longest ${time(at(1))}`);
    axes(svg, [0, 0.5, 1].map((share) => [share, time(10 ** (low + share * (high - low)))]));
    const step = Math.max(1, Math.ceil(sent.length / 3000));
    sent.forEach((row, i) => {
      if (i % step && row.kind === "stored") return;
      const share = (Math.log10(Math.max(row.seconds, 1e-6)) - low) / (high - low);
      make(svg, "circle", { class: `dot ${row.kind}`, cx: x(row.at), cy: y(share), r: 3 });
    });
  }
  if (sent.length) { throughput(); latencies(); }

  const tools = document.getElementById("tools"), hidden = new Set();
  let words = "";
  function filter() {
    trs.forEach((tr) => {
      tr.hidden = hidden.has(tr.className) || (words !== "" && !tr.textContent.toLowerCase().includes(words));
    });
  }
  for (const kind of ["stored", "warning", "failed", "not-sent", "left-out"]) {
    if (!count(kind)) continue;
    const label = make(tools, "label");
    const box = make(label, "input", { type: "checkbox", checked: "" });
    label.append(`${kind.replace("-", " ")} (${count(kind)})`);
    box.addEventListener("change", () => { box.checked ? hidden.delete(kind) : hidden.add(kind); filter(); });
  }
  const search = make(make(tools, "label", {}, "Search "), "input", { type: "search" });
  search.addEventListener("input", () => { words = search.value.toLowerCase(); filter(); });
});
