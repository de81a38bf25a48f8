// Tabs, what-if for one lead, and the history of the model.
"use strict";

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(tab, focus) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    byId(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
  if (tab.id === "tab-lead") askWhatIf();
  if (tab.id === "tab-model") showHistory();
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) choose(tabs[(index + step + tabs.length) % tabs.length], true);
  });
}

let base = null; // the probability that a change is measured from
let waiting;
let newest = 0;

async function askWhatIf() {
  const values = Object.fromEntries(new FormData(byId("what-if")));
  const asked = ++newest;
  byId("lead-failure").hidden = true;
  try {
    const score = await fetched("/page/what-if", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ values }),
    });
    if (asked !== newest) return;
    if (base === null) base = score.probability;
    byId("lead-score").textContent = percent(score.probability);
    byId("lead-band").textContent = `${score.band}; such leads convert in ${percent(score.low)} to ${percent(score.high)} of cases`;
    const moved = Math.round(1000 * (score.probability - base)) / 10;
    byId("lead-change").textContent = moved ? `${moved > 0 ? "+" : "−"}${Math.abs(moved)} percentage points from where you began (${percent(base)})` : "";
    byId("lead-reasons").replaceChildren(...score.reasons.map((reason) => element("li", reason.words)));
  } catch (error) {
    if (asked !== newest) return;
    byId("lead-failure").textContent = error.message;
    byId("lead-failure").hidden = false;
  }
}

window.showLead = async (address, lead) => {
  try {
    const values = await fetched(address);
    for (const field of byId("what-if").elements) {
      if (!(field.name in values)) continue;
      field.value = values[field.name];
      // A text that is written in another way than the options, such as True for true.
      if (field.options && field.selectedIndex < 0) field.value = values[field.name].toLowerCase();
      if (field.options && field.selectedIndex < 0) field.value = "";
    }
    base = lead.probability;
    choose(tabs[1], true);
  } catch (error) { fail(error.message); }
};

byId("what-if").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(askWhatIf, 150); });
byId("what-if").addEventListener("submit", (event) => event.preventDefault());

let asked = false;
async function showHistory() {
  if (asked) return;
  asked = true;
  try {
    const { changes } = await fetched("/page/history");
    byId("history-state").textContent = changes.length ? "" : "No history is kept where this service runs.";
    byId("history").replaceChildren(...changes.map((change) => {
      const entry = element("li");
      entry.append(element("strong", change.what), element("span", `${change.at}, ${change.who}`, "muted"), element("p", change.because));
      return entry;
    }));
  } catch (error) { byId("history-state").textContent = "The registry does not answer."; asked = false; }
}
