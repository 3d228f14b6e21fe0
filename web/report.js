"use strict";
/* What all reports share: elements, tables, numbers and plots. */
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");
const colours = ["#8793a8", "#d9480f", "#7c5cd6", "#2f7fef", "#0e9384", "#dd2590"];

/* Text goes in as text only: names in a project are not markup. */
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const isAbsent = (value) => value === null || value === undefined;
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const number = (value) => (isAbsent(value) ? "–" : whole.format(value));
const decimals = (value, places) => (isAbsent(value) ? "–" : value.toFixed(places));
const share = (value) => decimals(value, 3);
const percent = (value) => (isAbsent(value) ? "–" : (100 * value).toFixed(1) + " %");
const dot = (index) => element("span", { class: "dot", style: "background:" + colours[index % colours.length] });
const tag = (text, kind) => element("span", { class: "tag " + kind }, text);
const left = (...children) => element("td", { class: "left" }, ...children);

function section(title, note) {
  const node = element("section", null, element("h2", null, title));
  if (note) node.append(element("p", { class: "soft" }, note));
  page.append(node);
  return node;
}

/* A heading that begins with "<" stands on the left, as its cells do. */
function table(headings, rows, best) {
  const head = element("tr", null, ...headings.map((text) => (text.startsWith("<")
    ? element("th", { class: "left" }, text.slice(1)) : element("th", null, text))));
  const body = rows.map((cells, index) => element("tr", index === best ? { class: "best" } : null,
    ...cells.map((cell) => (cell instanceof Node && cell.tagName === "TD" ? cell
      : element("td", null, ...(Array.isArray(cell) ? cell : [cell]))))));
  return element("div", { class: "table" },
    element("table", null, element("thead", null, head), element("tbody", null, ...body)));
}

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* Plots `series` ({label, values, and what uPlot takes}) over `xs`, and follows the width of the page.
   `options`: time (xs are seconds), label of the xs, names (texts of the xs if they are 0, 1, ...), text of
   a value, bands, height. */
function plot(node, series, xs, options) {
  const holder = element("div", { class: "plot" });
  node.append(holder);
  const { time, names, text } = options;
  const axis = { stroke: () => ink("--soft"), grid: { stroke: () => ink("--line"), width: 1 },
                 ticks: { stroke: () => ink("--line"), width: 1 } };
  const name = (x) => (Number.isInteger(x) ? names[x] ?? "" : "");
  const day = (seconds) => new Date(seconds * 1e3).toISOString().slice(0, 10);
  const last = { idx: xs.length - 1 }; /* what the legend tells while nothing is pointed at */
  const size = () => ({ width: Math.max(200, holder.clientWidth), height: options.height || 300 });
  const drawn = new uPlot({
    ...size(),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    scales: { x: { time: Boolean(time) } },
    axes: [{ ...axis, space: time ? 85 : 50, values: (u, ticks) => ticks.map(names ? name : day) },
           { ...axis, size: 62, values: (u, ticks) => ticks.map(text) }],
    bands: options.bands || [],
    hooks: { ready: [(u) => u.setLegend(last, false)],
             setCursor: [(u) => isAbsent(u.cursor.idx) && u.setLegend(last, false)] },
    series: [{ label: options.label, ...(names ? { value: (u, x) => (isAbsent(x) ? "–" : name(x)) } : { value: (u, x) => (isAbsent(x) ? "–" : day(x)) }) },
      ...series.map((s, i) => ({ stroke: colours[i % colours.length], width: 2, points: { show: !time, size: 6 },
        value: (u, v) => (isAbsent(v) ? "–" : text(v)), ...s, values: undefined }))],
  }, [xs, ...series.map((s) => s.values)], holder);
  new ResizeObserver(() => drawn.setSize(size())).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.redraw());
  return drawn;
}
