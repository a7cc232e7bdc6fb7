"use strict";
// What the filter bars of all pages share: their controls, what a link says of them, keys and events.
// A page puts its own script behind this one. Nothing here is needed to read a page.
const bar = (() => {
  document.documentElement.classList.add("js");
  const form = document.getElementById("filter");
  const box = document.getElementById("filterbox");
  if (window.matchMedia("(max-width: 46rem)").matches) box.open = false;

  const value = (name) => (form.elements[name] ? form.elements[name].value : "");
  const ticked = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)].map((input) => input.value);

  // Put the state into the URL, so that every view can be bookmarked and sent on.
  function save(query) {
    const text = query.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", text ? `#?${text}` : "#");
  }

  // Set the fields with these names, and tick these boxes, as a link says.
  function restore(text, names, boxes) {
    const query = new URLSearchParams(text);
    form.reset();
    const verdicts = (query.get("verdict") || "").split(",");
    for (const input of form.querySelectorAll("input[name=verdict]")) input.checked = verdicts.includes(input.value);
    for (const name of names) if (form.elements[name]) form.elements[name].value = query.get(name) || "";
    for (const name of boxes) if (form.elements[name]) form.elements[name].checked = query.has(name);
  }

  function listen(changed, follow) {
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, select")) return;
      event.preventDefault();
      box.open = true;
      form.elements.text.focus();
    });
    window.addEventListener("hashchange", follow);
  }

  return { form, box, value, ticked, save, restore, listen };
})();
