"use strict";
(function () {
  const byId = (id) => document.getElementById(id);
  const index = JSON.parse(byId("index").textContent);
  const rows = index.items.map(([id, anchor, subject, rules, arms], place) => ({ id, anchor, subject, rules, arms, place }));
  const packed = Array.from(document.querySelectorAll("script.chunk"));
  const opened = new Map();
  const view = byId("items");
  const cards = byId("cards");
  const form = byId("filter");
  const fields = Object.fromEntries(
    ["left", "right", "quadrant", "subject", "rule", "tier", "margin", "runs"].map((name) => [name, byId(name)])
  );
  const value = (name) => (fields[name] ? fields[name].value : "");
  let found = rows;
  let page = 0;
  let turn = 0;

  // Cards are HTML that was escaped when it was made; the page's policy lets nothing in it run. Only those shown are parsed.
  async function open(number) {
    if (!opened.has(number)) {
      const bytes = Uint8Array.from(atob(packed[number].textContent), (sign) => sign.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      opened.set(number, (await new Response(stream).text()).split(index.border));
    }
    return opened.get(number);
  }

  async function card(row) {
    const template = document.createElement("template");
    template.innerHTML = (await open(Math.floor(row.place / index.cardsAChunk)))[row.place % index.cardsAChunk];
    return template.content.firstElementChild;
  }

  function sides(row) {
    return [row.arms[Number(value("left"))], row.arms[Number(value("right"))]];
  }

  const fits = {
    quadrant: (row, wanted) => quadrant(row) === wanted,
    subject: (row, wanted) => row.subject === wanted,
    rule: (row, wanted) => (wanted === "*" ? row.rules.length > 0 : row.rules.includes(wanted)),
    tier: (row, wanted) => sides(row).some((arm) => arm[2] === wanted),
    margin: (row, wanted) => sides(row).some((arm) => arm[1] !== null && arm[1] < Number(wanted)),
    runs: (row, wanted) =>
      sides(row).some((arm) => {
        if (wanted === "choice") return arm[4] === 1;
        const [first, second] = wanted === "gained" ? [arm[0], arm[3]] : [arm[3], arm[0]];
        return arm[3] !== "" && first === "right" && second !== "right";
      }),
  };

  function quadrant(row) {
    const [left, right] = sides(row).map((arm) => arm[0]);
    if (left === "absent" || right === "absent") return "absent";
    if (left === "right") return right === "right" ? "both" : "left";
    return right === "right" ? "right" : "none";
  }

  function quadrantNames() {
    const [left, right] = ["left", "right"].map((side) => index.arms[Number(value(side))]);
    return { both: "both right", left: `only ${left} right`, right: `only ${right} right`, none: "both wrong", absent: "not in both" };
  }

  function addOptions(select, names) {
    for (const [name, text] of names) {
      const option = document.createElement("option");
      option.value = name;
      option.textContent = text;
      select.append(option);
    }
  }

  function counted(values) {
    const counts = new Map();
    for (const each of values) counts.set(each, (counts.get(each) || 0) + 1);
    return Array.from(counts).sort().map(([name, number]) => [name, `${name} (${number})`]);
  }

  function fillFilters() {
    addOptions(fields.quadrant, Object.entries(quadrantNames()));
    addOptions(fields.subject, counted(rows.map((row) => row.subject).filter(Boolean)));
    const rules = counted(rows.flatMap((row) => row.rules));
    addOptions(fields.rule, rules.length ? [["*", "any"], ...rules] : []);
    addOptions(fields.tier, counted(rows.flatMap((row) => row.arms.map((arm) => arm[2])).filter(Boolean)));
    for (const name of ["subject", "rule", "tier"]) fields[name].parentElement.hidden = fields[name].options.length < 2;
    fields.margin.parentElement.hidden = !rows.some((row) => row.arms.some((arm) => arm[1] !== null));
  }

  function renameQuadrants() {
    const names = quadrantNames();
    for (const option of fields.quadrant.options) if (option.value) option.textContent = names[option.value];
  }

  async function show() {
    const mine = ++turn;
    const shown = found.slice(page * index.cardsAPage, (page + 1) * index.cardsAPage);
    const names = quadrantNames();
    const made = [];
    for (const row of shown) {
      const each = await card(row);
      each.querySelector(".quadrant").textContent = names[quadrant(row)];
      each.querySelectorAll(".heads .arm-name").forEach((name, i) => { name.textContent = index.arms[i]; });
      made.push(each);
    }
    if (mine !== turn) return;
    cards.replaceChildren(...made);
    const pages = Math.max(1, Math.ceil(found.length / index.cardsAPage));
    for (const pager of document.querySelectorAll(".pager")) {
      pager.hidden = found.length === 0;
      pager.querySelector("output").textContent = `page ${page + 1} of ${pages}`;
      pager.querySelector('[data-step="-1"]').disabled = page === 0;
      pager.querySelector('[data-step="1"]').disabled = page + 1 >= pages;
    }
    const sticky = getComputedStyle(form).position === "sticky";
    document.documentElement.style.scrollPaddingTop = sticky ? `${form.offsetHeight}px` : "0";
    byId("nothing").hidden = found.length > 0;
    byId("count").textContent = found.length === rows.length ? `${rows.length} items` : `${found.length} of ${rows.length} items`;
  }

  function apply() {
    view.dataset.left = value("left");
    view.dataset.right = value("right");
    renameQuadrants();
    const wanted = Object.keys(fits).filter((name) => value(name));
    found = rows.filter((row) => wanted.every((name) => fits[name](row, value(name))));
    page = 0;
    return show();
  }

  function clear() {
    for (const name of Object.keys(fits)) if (fields[name]) fields[name].value = "";
    return apply();
  }

  async function showLinked() {
    const name = decodeURIComponent(location.hash.slice(1));
    const row = rows.find((each) => each.anchor === name);
    if (!row) {
      const target = name && byId(name);
      if (target && target.tagName === "DETAILS") target.open = true;
      return;
    }
    if (!found.includes(row)) await clear();
    page = Math.floor(found.indexOf(row) / index.cardsAPage);
    await show();
    byId(row.anchor).classList.add("linked");
    byId(row.anchor).focus({ preventScroll: true });
    byId(row.anchor).scrollIntoView();
  }

  function step(by) {
    const all = Array.from(cards.children);
    const top = byId("filter").getBoundingClientRect().bottom;
    const at = all.indexOf(document.activeElement.closest ? document.activeElement.closest(".item") : null);
    const first = all.findIndex((card) => card.getBoundingClientRect().bottom > top + 1);
    const next = all[at < 0 ? Math.max(0, first) : at + by];
    if (next) {
      next.focus({ preventScroll: true });
      next.scrollIntoView();
    }
  }

  async function turnPage(by) {
    page += by;
    await show();
    view.scrollIntoView();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  for (const button of document.querySelectorAll(".pager button")) {
    button.addEventListener("click", () => turnPage(Number(button.dataset.step)));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target === byId("invisible")) document.body.classList.toggle("named", event.target.checked);
    else apply();
  });
  byId("clear").addEventListener("click", clear);
  window.addEventListener("hashchange", showLinked);
  fillFilters();
  form.hidden = false;
  apply().then(showLinked);
})();
