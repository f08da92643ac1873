// A table whose rows are chosen and whose headers sort it. Gradio runs this once for each with
// `element`, `props`, `trigger` and `watch` in scope. The value is JSON text of `caption`, `columns`
// (`name`, `numeric`, `unit`; `spare`: not on a narrow screen), `rows` (`cells`, `colour`, `plays`) and
// `chosen`, an index, where it changes. A row that `plays` makes the player go there; the index of
// another is sent to the server.
const list = element.querySelector(".list");
const head = element.querySelector("thead tr");
const body = element.querySelector("tbody");
let value = null;
let columns = null;
let sorted = { column: null, up: true };
let chosen = null; // index in `value.rows`
let lines = new Map(); // the drawn rows by their content

function label({ columns: names, caption }) {
  columns = names;
  element.querySelector(".list-caption").textContent = caption;
  element.querySelector(".list-scroll").setAttribute("aria-label", caption);
  columns.forEach((column, index) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.classList.toggle("numeric", Boolean(column.numeric));
    cell.classList.toggle("spare", Boolean(column.spare));
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.name;
    button.addEventListener("click", () => {
      sorted = { column: index, up: sorted.column === index ? !sorted.up : true };
      draw();
    });
    cell.append(button);
    head.append(cell);
  });
}

function compare(one, other) {
  const [a, b] = [one, other].map((row) => row.cells[sorted.column]);
  // What has no value comes last, whichever way it is sorted.
  const missing = (a === null || a === "") - (b === null || b === "");
  if (missing) return missing;
  const order = columns[sorted.column].numeric ? a - b : String(a).localeCompare(String(b));
  return sorted.up ? order : -order;
}

function choose(row) {
  chosen = row.index;
  if ("plays" in row) window.dispatchEvent(new CustomEvent("undertone:play", { detail: row.plays }));
  else trigger("select", { index: row.index });
  mark();
}

function mark() {
  for (const line of body.rows) line.setAttribute("aria-selected", Number(line.dataset.index) === chosen);
}

function drawn(row) {
  const line = document.createElement("tr");
  line.dataset.index = row.index;
  line.tabIndex = 0;
  line.addEventListener("click", () => choose(row));
  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(row);
    }
  });
  row.cells.forEach((value, index) => {
    const { name, numeric, unit, spare } = columns[index];
    const cell = line.insertCell();
    cell.textContent = value === null ? "" : unit ? `${value}${unit}` : value;
    cell.classList.toggle("numeric", Boolean(numeric));
    cell.classList.toggle("spare", Boolean(spare));
    if (name === "emotion" && row.colour) {
      cell.classList.add("coloured");
      cell.style.setProperty("--colour", row.colour);
    }
  });
  return line;
}

function draw() {
  const rows = (value?.rows ?? []).map((row, index) => ({ ...row, index }));
  if (sorted.column !== null) rows.sort(compare);
  list.hidden = !rows.length;
  // A row that stays is left alone: a new one in its place would lose a press or the focus.
  const before = lines;
  lines = new Map(rows.map((row) => [JSON.stringify(row), row]));
  for (const [content, row] of lines) lines.set(content, before.get(content) ?? drawn(row));
  for (const [content, line] of before) if (!lines.has(content)) line.remove();
  [...lines.values()].forEach((line, place) => {
    if (body.rows[place] !== line) body.insertBefore(line, body.rows[place] ?? null);
  });
  [...head.cells].forEach((cell, index) => {
    if (index === sorted.column) cell.ariaSort = sorted.up ? "ascending" : "descending";
    else cell.removeAttribute("aria-sort");
  });
  mark();
}

function take() {
  value = props.value ? JSON.parse(props.value) : null;
  if (value && !columns) label(value);
  if (!value) chosen = null;
  else if ("chosen" in value) chosen = value.chosen;
  draw();
}

watch("value", take);
take();
