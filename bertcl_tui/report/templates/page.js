"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const options = {
    ast: true, // expressions are interpreted, as the page may run no other script
    renderer: "svg",
    actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: document.title,
  };
  const views = [];

  function chosen(name) {
    const boxes = document.querySelectorAll(`input[name="${name}"]:checked`);
    return Array.from(boxes, (box) => box.value);
  }

  function show({ view, params }) {
    for (const { name, value } of params) {
      if (Array.isArray(value)) view.signal(name, chosen(name));
    }
    return view.runAsync();
  }

  async function draw(place) {
    const spec = charts[place.dataset.chart];
    try {
      const { view } = await vegaEmbed(place, spec, options);
      views.push({ view, params: spec.params });
      place.dataset.drawn = "yes";
    } catch (error) {
      place.dataset.drawn = "no";
      place.textContent = `This chart could not be drawn: ${error.message}`;
    }
  }

  const more = () => document.querySelectorAll("details.more:not([open])");
  addEventListener("beforeprint", () => more().forEach((each) => { each.open = each.dataset.printed = true; }));
  addEventListener("afterprint", () => {
    for (const each of document.querySelectorAll("[data-printed]")) {
      each.open = false;
      delete each.dataset.printed;
    }
  });
  document.addEventListener("change", () => views.forEach(show));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent;
    navigator.clipboard.writeText(text).then(() => { button.textContent = "copied"; });
  });
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
})();
