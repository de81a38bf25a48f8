// The ranked list: upload, cut-off, filters, rows as they are asked for, downloads.
"use strict";

const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const percent = (share) => `${share < 0.1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
const PAGE = 100;
const POLL_MS = 250;

const list = { token: null, points: [], own: [], shown: 0, sort: "rank", order: "ascending", asked: 0 };

function element(kind, text, className) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function fetched(address, options) {
  const answer = await fetch(address, options);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail || "the service failed");
  return content;
}

function fail(sentence) {
  byId("progress").hidden = true;
  byId("failure").textContent = sentence;
  byId("failure").hidden = false;
}

function send(file) {
  byId("failure").hidden = true;
  byId("list").hidden = true;
  byId("progress").hidden = false;
  byId("progress-text").textContent = `Sending ${file.name}`;
  const request = new XMLHttpRequest();
  request.open("POST", "/page/lists");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
  request.upload.onprogress = (event) => { if (event.lengthComputable) byId("bar").value = (100 * event.loaded) / event.total; };
  request.onerror = () => fail("the service cannot be reached");
  request.onload = () => {
    const content = JSON.parse(request.responseText);
    if (request.status !== 200) { fail(content.detail); return; }
    byId("progress-text").textContent = `Scoring ${file.name}`;
    byId("bar").removeAttribute("value");
    wait(content.list);
  };
  request.send(file);
}

async function wait(token) {
  try {
    const state = await fetched(`/page/lists/${token}`);
    if (state.state === "scoring") { setTimeout(wait, POLL_MS, token); return; }
    if (state.state === "failed") { fail(state.detail); return; }
    open(token, state);
  } catch (error) { fail(error.message); }
}

function open(token, state) {
  Object.assign(list, { token, points: state.points, own: state.own, key: state.key, sort: "rank", order: "ascending" });
  byId("progress").hidden = true;
  byId("list").hidden = false;
  byId("drop").classList.add("compact");
  byId("list-title").textContent = `${number.format(state.leads)} leads in ${state.name}, the best first`;
  const bands = Object.entries(state.bands).map(([band, leads]) => `${number.format(leads)} ${band}`).join(", ");
  const held = state.held_out ? ` ${number.format(state.held_out)} are held out at random and not to be contacted by score, so that the model can be checked.` : "";
  byId("list-facts").textContent = `${bands}. The model recommends contacting ${number.format(state.contact)}.${held}`;
  const rejected = state.rejected.reduce((sum, rule) => sum + rule.rows, 0);
  byId("rejected").hidden = !rejected;
  byId("rejected").querySelector("summary").textContent = `${number.format(rejected)} rows could not be scored`;
  byId("rejected").querySelector("ul").replaceChildren(...state.rejected.map((rule) => element("li", `${number.format(rule.rows)}: ${rule.because}`)));
  byId("aside").href = `/page/lists/${token}/rejected.csv`;
  byId("remarks").replaceChildren(...state.remarks.map((remark) => element("li", remark)));
  byId("slider").max = list.points.length - 1;
  const last = list.points.length ? list.points[list.points.length - 1][0] : 0;
  byId("contacts").max = last;
  const capacity = Number(document.body.dataset.capacity) || state.contact || Math.ceil(last / 10);
  cut(Math.max(1, Math.min(capacity, last)), true);
  headings();
  refresh();
  byId("list-title").focus();
}

// The cut-off: the slider moves over points that the service worked out; between two of them figures are interpolated.
function cut(contacts, everywhere) {
  const points = list.points;
  if (!points.length) return;
  let above = points.findIndex((point) => point[0] >= contacts);
  if (above < 0) above = points.length - 1;
  const below = Math.max(0, above - 1);
  const span = points[above][0] - points[below][0];
  const share = span ? (Math.min(contacts, points[above][0]) - points[below][0]) / span : 1;
  const between = (index) => points[below][index] + share * (points[above][index] - points[below][index]);
  if (everywhere) byId("slider").value = above;
  byId("contacts").value = contacts;
  byId("slider").setAttribute("aria-valuetext", `${contacts} leads`);
  byId("expected").replaceChildren(number.format(between(2)), element("small", `${number.format(between(3))} to ${number.format(between(4))}, by luck alone`));
  byId("lowest").textContent = percent(between(1));
  const { value, cost } = document.body.dataset;
  byId("profit-tile").hidden = !value;
  if (value) {
    const worth = (customers) => number.format(customers * Number(value) - contacts * Number(cost));
    byId("profit").replaceChildren(worth(between(2)), element("small", `${worth(between(3))} to ${worth(between(4))}, by luck alone`));
  }
}

function query() {
  const asked = new URLSearchParams({ sort: list.sort, order: list.order });
  if (byId("band").value) asked.set("band", byId("band").value);
  if (byId("text").value.trim()) asked.set("text", byId("text").value.trim());
  if (byId("show").value === "top") asked.set("top", byId("contacts").value);
  return asked;
}

function headings() {
  const columns = [["rank", "Rank"], ["probability", "Probability"], [null, "Band"], ...list.own.map((name) => [name, name]), [list.key, list.key], [null, "Why"], [null, ""]];
  byId("leads").tHead.rows[0].replaceChildren(...columns.map(([key, label]) => {
    const heading = element("th");
    heading.scope = "col";
    if (!key) {
      heading.append(label || element("span", "What if", "hidden-text"));
      return heading;
    }
    const button = element("button", label);
    button.addEventListener("click", () => {
      const turned = list.sort === key && list.order === "ascending";
      Object.assign(list, { sort: key, order: turned ? "descending" : "ascending" });
      for (const other of byId("leads").tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", list.order);
      refresh();
    });
    if (key === list.sort) heading.setAttribute("aria-sort", list.order);
    heading.append(button);
    return heading;
  }));
}

function row(lead) {
  const made = element("tr");
  const probability = element("td", undefined, "probability");
  const bar = element("span", undefined, `bar ${lead.band}`);
  bar.style.setProperty("--share", lead.probability);
  bar.setAttribute("aria-hidden", "true");
  probability.append(element("span", percent(lead.probability)), bar);
  const band = element("td");
  band.append(element("span", lead.held_out ? "held out" : lead.band, `tag ${lead.held_out ? "held" : lead.band}`));
  const why = element("td", undefined, "why");
  why.append(...lead.reasons.split("; ").map((reason) => element("span", reason)));
  const act = element("td");
  const button = element("button", "What if?", "quiet");
  button.setAttribute("aria-label", `What if, for rank ${lead.rank}`);
  button.addEventListener("click", () => window.showLead(`/page/lists/${list.token}/leads/${lead.rank}`, lead));
  act.append(button);
  const own = lead.own.map((text) => element("td", text, "own"));
  const rank = element("td", number.format(lead.rank), "number");
  made.append(rank, probability, band, ...own, element("td", lead.id, "id"), why, act);
  return made;
}

async function refresh(further) {
  const asked = ++list.asked;
  const from = further ? list.shown : 0;
  const wanted = query();
  byId("excel").href = `/page/lists/${list.token}/scores.xlsx?${wanted}`;
  byId("csv").href = `/page/lists/${list.token}/scores.csv?${wanted}`;
  try {
    const answer = await fetched(`/page/lists/${list.token}/rows?${wanted}&from=${from}&count=${PAGE}`);
    if (asked !== list.asked) return;
    const body = byId("leads").tBodies[0];
    if (!further) body.replaceChildren();
    body.append(...answer.rows.map(row));
    list.shown = from + answer.rows.length;
    byId("shown").textContent = `${number.format(list.shown)} of ${number.format(answer.total)} shown`;
    byId("more").hidden = list.shown >= answer.total;
  } catch (error) { fail(error.message); }
}

let later;
function soon() { clearTimeout(later); later = setTimeout(refresh, 200); }

if (byId("drop")) {
  const drop = byId("drop");
  byId("file").addEventListener("change", (event) => { if (event.target.files[0]) send(event.target.files[0]); event.target.value = ""; });
  for (const kind of ["dragover", "dragenter"]) document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
  drop.addEventListener("submit", (event) => event.preventDefault());
  const moved = () => { if (byId("show").value === "top") soon(); };
  byId("slider").addEventListener("input", (event) => { cut(list.points[event.target.value][0], false); moved(); });
  byId("contacts").addEventListener("input", (event) => {
    const contacts = Math.floor(Number(event.target.value));
    if (contacts >= 1) { cut(Math.min(contacts, Number(event.target.max)), true); moved(); }
  });
  byId("show").addEventListener("change", () => refresh());
  byId("band").addEventListener("change", () => refresh());
  byId("text").addEventListener("input", soon);
  byId("more").addEventListener("click", () => refresh(true));
}
