// Filters and links. A fragment is either the id of a case or "?verdict=fail,error&group=P.RQ&text=...",
// so every view can be bookmarked and sent on. Nothing here is needed to read the report.
(() => {
  const { form, box, value, ticked } = bar;
  const count = document.getElementById("count");
  const cases = [...document.querySelectorAll(".case")];
  const groups = [...document.querySelectorAll(".group")];
  const results = [...document.querySelectorAll(".results")];
  const rows = [...document.querySelectorAll(".matrix tbody tr")];
  const differing = new Set(rows.filter((row) => row.classList.contains("differs"))
    .map((row) => row.querySelector("code").textContent));

  const names = ["level", "group", "product", "text"];
  const state = () => ({
    verdict: ticked("verdict"), level: value("level"), group: value("group"), product: value("product"),
    text: value("text").trim().toLowerCase(), differs: ticked("differs").length > 0,
  });

  function fits(data, marks, wanted, words) {
    return (!wanted.verdict.length || marks.some((mark) => wanted.verdict.includes(mark)))
      && (!wanted.level || data.level === wanted.level)
      && (!wanted.group || data.group === wanted.group)
      && words.every((word) => data.text.includes(word));
  }

  function apply() {
    const wanted = state();
    const words = wanted.text.split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of cases) {
      const product = entry.closest(".results").dataset.product;
      const id = entry.querySelector(".id").textContent;
      entry.hidden = !(fits(entry.dataset, [entry.dataset.mark], wanted, words)
        && (!wanted.product || product === wanted.product)
        && (!wanted.differs || differing.has(id)));
      if (!entry.hidden) shown += 1;
    }
    for (const row of rows) {
      row.hidden = !(fits(row.dataset, row.dataset.marks.split(" "), wanted, words)
        && (!wanted.differs || row.classList.contains("differs")));
    }
    for (const group of groups) group.hidden = !group.querySelector(".case:not([hidden])");
    for (const part of results) part.hidden = !part.querySelector(".case:not([hidden])");
    count.textContent = shown === cases.length ? `${shown} cases` : `${shown} of ${cases.length} cases`;
    document.getElementById("none").hidden = shown > 0;
  }

  function remember() {
    const wanted = state();
    const query = new URLSearchParams();
    if (wanted.verdict.length) query.set("verdict", wanted.verdict.join(","));
    for (const name of names) if (wanted[name]) query.set(name, wanted[name]);
    if (wanted.differs) query.set("differs", "1");
    bar.save(query);
  }

  // Keep what a link leads to below the filter bar, however high the bar is now.
  const clear = () => {
    document.documentElement.style.scrollPaddingTop = `${box.getBoundingClientRect().height + 8}px`;
  };
  new ResizeObserver(clear).observe(box);

  function follow() {
    clear();
    const fragment = decodeURIComponent(location.hash.slice(1));
    if (fragment.startsWith("?")) {
      bar.restore(fragment.slice(1), names, ["differs"]);
      apply();
      document.getElementById("cases").scrollIntoView();
      return;
    }
    const target = fragment && document.getElementById(fragment);
    if (!target) return;
    if (target.closest(".results") && (target.hidden || target.closest("[hidden]"))) {
      form.reset();
      apply();
    }
    for (let outer = target; outer; outer = outer.parentElement) {
      if (outer instanceof HTMLDetailsElement) outer.open = true;
    }
    target.scrollIntoView();
    const focus = target.querySelector("summary");
    if (focus && target.classList.contains("case")) focus.focus({ preventScroll: true });
  }

  const changed = () => { apply(); remember(); };
  bar.listen(changed, follow);
  const openAll = (open) => () => { for (const entry of cases) if (!entry.hidden) entry.open = open; };
  document.getElementById("open-all").addEventListener("click", openAll(true));
  document.getElementById("close-all").addEventListener("click", openAll(false));
  follow();
  apply();
})();
