"use strict";
// Everything that a peer has said is set as text, never as markup.
const $ = (id) => document.getElementById(id);
let patients = false, failed = new Set();

function element(tag, kind, text, ...children) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}
const clock = (time) => new Date(time * 1000).toLocaleTimeString();
function size(bytes) {
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (bytes < 1000) return `${unit === "B" ? bytes : bytes.toFixed(1)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} TB`;
}
function fill(id, items, make, none) {
  const list = $(id), unfolded = new Set();
  for (const each of list.querySelectorAll("details[open]")) unfolded.add(each.dataset.key);
  const made = items.map(make);
  list.replaceChildren(...(made.length ? made : [element("li", "none", none)]));
  for (const each of list.querySelectorAll("details")) each.open = unfolded.has(each.dataset.key);
}
function words(key, title, lines) {
  const made = element("details", "", "", element("summary", "", title),
    element("ul", "", "", ...lines.map((line) =>
      element("li", line.startsWith("refused") ? "bad" : "good", line))));
  made.dataset.key = key;
  return made;
}
function visit(each) {
  const counted = each.how.startsWith("rejected") ? "" : `${each.objects} stored (${size(each.bytes)})` +
    (each.dropped ? `, ${each.dropped} received and not kept` : "") +
    (each.refused ? `, ${each.refused} refused` : "") + (each.echoes ? `, ${each.echoes} C-ECHO` : "");
  const refused = each.words.filter((line) => line.startsWith("refused")).length;
  const title = `Negotiated: ${each.words.length - refused} SOP classes accepted, ${refused} refused`;
  return element("li", "", "",
    element("div", "", "", element("span", "who", each.calling || "(no title)"),
      ` at ${each.address} calls ${each.called || "(no title)"}`),
    element("div", "when", `${clock(each.time)}${each.until ? `–${clock(each.until)}` : ""}` +
      `${each.implementation ? `, ${each.implementation}` : ""}: ` +
      [counted, each.how].filter(Boolean).join("; ")),
    ...(each.words.length ? [words(each.visit, title, each.words)] : []));
}
function failure(each) {
  const made = element("li", "", "",
    element("div", "", "", element("span", "who", each.calling || each.address || "somebody"),
      ` ${each.calling ? `at ${each.address}` : ""} `, element("span", "when", clock(each.time))),
    element("div", "bad", each.why));
  if (each.words.length) made.append(element("ul", "", "", ...each.words.map((line) => element("li", "", line))));
  if (each.advice) made.append(element("div", "advice", each.advice));
  return made;
}
function object(each) {
  const made = element("li");
  if (failed.has(each.number)) made.append(element("div", "blank"));
  else {
    const picture = element("img");
    picture.alt = ""; picture.loading = "lazy"; picture.src = `picture/${each.number}.png`;
    picture.addEventListener("error", () => { failed.add(each.number); picture.replaceWith(element("div", "blank")); });
    made.append(picture);
  }
  made.append(element("div", "", each.what),
    element("div", "small", `${each.calling} ${clock(each.time)}, ${size(each.length)}`));
  if (each.patient) made.append(element("div", "who", each.patient));
  return made;
}
function rate(state) {
  const most = Math.max(1, ...state.rate.map((each) => each[1]));
  $("rate").replaceChildren(...state.rate.map(([second, count]) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = 30 * count / most;
    for (const [name, value] of Object.entries(
      { x: 119 - (Math.floor(state.now) - second), y: 30 - height, width: 0.9, height })) bar.setAttribute(name, value);
    return bar;
  }));
  const last = state.rate.filter((each) => each[0] > state.now - 10);
  const count = last.reduce((sum, each) => sum + each[1], 0), bytes = last.reduce((sum, each) => sum + each[2], 0);
  $("rate-words").textContent = state.rate.length
    ? `in the last 10 s ${(count / 10).toFixed(1)} a second, ${size(bytes / 10)}/s; at most ${most} in a second`
    : "nothing in the last two minutes";
}
const NAMES = { open: "connected", accepted: "associations", rejected: "rejected", aborted: "aborted",
  stored: "objects stored", dropped: "received and not kept", refused: "objects refused", bytes: "received" };
function show(state) {
  $("title").textContent = `${state.server.title}, port ${state.server.port}`;
  document.title = $("title").textContent;
  $("totals").replaceChildren(...Object.entries(NAMES)
    .filter(([name]) => name !== "dropped" || state.totals.dropped).map(([name, title]) => element("div", "", "",
    element("dt", "", title), element("dd", "", name === "bytes" ? size(state.totals.bytes) : String(state.totals[name])))));
  rate(state);
  fill("failures", state.failures.slice(0, 12), failure, "Nothing so far.");
  fill("open", state.open.slice(0, 30), visit, "Nobody at this moment.");
  fill("objects", state.objects, object, "Nothing so far.");
  fill("over", state.over.slice(0, 20), visit, "None so far.");
}
async function look() {
  try {
    const answer = await fetch(`state.json${patients ? "?patients=1" : ""}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
    $("status").className = "";
    $("status").textContent = `as of ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    $("status").className = "lost";
    $("status").textContent = "the server does not answer; what is shown is what it said last";
  }
}
$("patients").addEventListener("click", () => {
  patients = !patients;
  $("patients").setAttribute("aria-pressed", String(patients));
  $("patients").textContent = patients ? "Hide patients" : "Show patients";
  look();
});
look();
setInterval(look, 2000);
