"use strict";
(function () {
  const pairs = Array.from(document.querySelectorAll("article.pair"));
  const form = document.getElementById("filter");
  const rule = document.getElementById("filter-rule");
  const verdict = document.getElementById("filter-verdict");
  const id = document.getElementById("filter-id");
  const count = document.getElementById("filter-count");

  function apply() {
    const wanted = id.value.trim().toLowerCase();
    let shown = 0;
    for (const pair of pairs) {
      const fits =
        (!rule.value || pair.dataset.rules.split(" ").includes(rule.value)) &&
        (!verdict.value || pair.dataset.verdict === verdict.value) &&
        (!wanted || pair.dataset.id.toLowerCase().includes(wanted));
      pair.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    count.textContent = shown === pairs.length ? `${shown} shown` : `${shown} of ${pairs.length} shown`;
  }

  function reset() {
    form.reset();
    apply();
  }

  function showLinked() {
    const pair = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (pair && pair.hidden) {
      reset();
      pair.scrollIntoView();
    }
  }

  for (const link of document.querySelectorAll("a[data-rule]")) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      form.reset();
      rule.value = link.dataset.rule;
      apply();
      document.getElementById("pairs").scrollIntoView();
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", showLinked);
  form.hidden = false;
  apply();
  showLinked();
})();
