// Filters and links of the index. A fragment is the id of a case, whose row is opened, or
// "?role=scp&verdict=fail&text=...", so every view can be bookmarked. Nothing here is needed to read the page.
(() => {
  const { form, value, ticked } = bar;
  const count = document.getElementById("count");
  const parts = [...document.querySelectorAll(".role")];
  const rows = [...document.querySelectorAll(".matrix tbody tr")];
  const columns = [...document.querySelectorAll(".matrix [data-product]")];
  const aged = [...document.querySelectorAll(".older")];
  const names = ["role", "level", "area", "product", "text"];
  const boxes = ["differs", "older"];

  function marksOf(row, product) {
    if (!product) return row.dataset.marks.split(" ");
    const cells = [...row.querySelectorAll("td[data-mark]")];
    return cells.filter((cell) => cell.dataset.product === product).map((cell) => cell.dataset.mark);
  }

  function apply() {
    const verdicts = ticked("verdict");
    const words = value("text").trim().toLowerCase().split(/\s+/).filter(Boolean);
    const product = value("product");
    const older = ticked("older").length > 0;
    for (const part of parts) part.hidden = value("role") !== "" && part.dataset.role !== value("role");
    for (const cell of columns) cell.hidden = product !== "" && cell.dataset.product !== product;
    for (const entry of aged) entry.classList.toggle("shown-older", older);
    let shown = 0;
    for (const row of rows) {
      const marks = marksOf(row, product);
      row.hidden = !((!verdicts.length || marks.some((mark) => verdicts.includes(mark)))
        && (!product || marks.length > 0)
        && (!value("level") || row.dataset.level === value("level"))
        && (!value("area") || row.dataset.area === value("area"))
        && (!ticked("differs").length || row.classList.contains("differs"))
        && words.every((word) => row.dataset.text.includes(word)));
      if (!row.hidden && !row.closest(".role").hidden) shown += 1;
    }
    count.textContent = shown === rows.length ? `${shown} cases` : `${shown} of ${rows.length} cases`;
    document.getElementById("none").hidden = shown > 0;
  }

  function remember() {
    const query = new URLSearchParams();
    if (ticked("verdict").length) query.set("verdict", ticked("verdict").join(","));
    for (const name of names) if (value(name).trim()) query.set(name, value(name).trim());
    for (const name of boxes) if (ticked(name).length) query.set(name, "1");
    bar.save(query);
  }

  function follow() {
    const fragment = decodeURIComponent(location.hash.slice(1));
    if (fragment.startsWith("?")) {
      bar.restore(fragment.slice(1), names, boxes);
      apply();
      document.getElementById("matrix").scrollIntoView();
      return;
    }
    const row = fragment && document.getElementById(fragment);
    if (!row || row.tagName !== "TR") return;
    if (row.hidden || row.closest("[hidden]")) {
      form.reset();
      apply();
    }
    row.querySelector("details").open = true;
    const scroller = row.closest(".scroll");
    const head = scroller.querySelector("thead");
    scroller.scrollIntoView({ block: "end" });
    scroller.scrollTop = row.offsetTop - head.getBoundingClientRect().height;
  }

  const changed = () => { apply(); remember(); };
  bar.listen(changed, follow);
  for (const row of rows) {
    row.querySelector("details").addEventListener("toggle", (event) => {
      if (event.target.open) history.replaceState(null, "", `#${row.id}`);
    });
  }
  apply();
  follow();
})();
