// The search: what can be found carries its name in data-find, and its text is what stands in it.
(() => {
  const form = document.querySelector("form");
  const input = document.getElementById("search");
  const results = document.getElementById("results");
  const MOST = 30;
  const entries = [...document.querySelectorAll("[data-find]")].map(element => {
    const text = element.textContent.replace(/\s+/g, " ").trim();
    return { id: element.id, name: element.dataset.find, text, low: `${element.dataset.find} ${text}`.toLowerCase() };
  });

  // What is named so comes first, then what begins so, then what only speaks of it.
  function found(words) {
    const rank = each => {
      const name = each.name.toLowerCase();
      return name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : name.includes(words[0]) ? 2 : 3;
    };
    return entries.filter(each => words.every(word => each.low.includes(word))).sort((a, b) => rank(a) - rank(b));
  }

  function link(entry) {
    const item = document.createElement("li");
    const anchor = item.appendChild(document.createElement("a"));
    anchor.href = `#${entry.id}`;
    anchor.appendChild(document.createElement("b")).textContent = entry.name;
    anchor.appendChild(document.createElement("small")).textContent = entry.text.replace(entry.name, "").trim();
    return item;
  }

  function note(text) {
    const item = document.createElement("li");
    item.appendChild(document.createElement("p")).textContent = text;
    return item;
  }

  function show() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = words.length ? found(words) : [];
    results.replaceChildren(...all.slice(0, MOST).map(link));
    if (words.length && !all.length) results.append(note("Nothing is called so, and nothing speaks of it."));
    if (all.length > MOST) results.append(note(`${all.length - MOST} more: say more.`));
    results.hidden = !words.length;
  }

  function step(by) {
    const links = [...results.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + by;
    (links[next] ?? (next < 0 ? input : links.at(-1)))?.focus();
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  form.addEventListener("submit", event => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  results.addEventListener("click", () => { results.hidden = true; });
  document.addEventListener("click", event => { if (!form.contains(event.target)) results.hidden = true; });
  document.addEventListener("keydown", event => {
    if (event.key === "/" && document.activeElement !== input) { event.preventDefault(); input.focus(); }
    if (event.key === "Escape") { results.hidden = true; input.blur(); }
    if (form.contains(document.activeElement) && event.key === "ArrowDown") { event.preventDefault(); step(1); }
    if (form.contains(document.activeElement) && event.key === "ArrowUp") { event.preventDefault(); step(-1); }
  });
  form.hidden = false;
})();
