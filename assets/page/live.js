// The live panel. Gradio runs this once with `element`, `props` and `watch` in scope. The server
// sends new readings only; the earlier ones are kept here. It uses what the head of the page defines:
// `recordingSession` (session.js), `gradioPatches` and Plotly, and defines, for the events of Gradio's
// recorder:
//
// window.undertone:
//   started()   a recording begins
//   stopped()   it has ended, or could not begin
const WINDOW = 60; // seconds on the plot
const SILENT = 3000; // ms without a reading after which the server counts as behind
const BEHIND = 4; // seconds between what was recorded and what was heard, from which it is said
const QUIETEST = -60; // dBFS, the left end of the meter
const LOADING = "The model is loading."; // no longer than what comes after it, or the page jumps
const STATUS = {
  idle: "Not recording",
  listening: "Listening",
  "no speech": "No speech",
  speaking: "Speaking",
  waiting: "Waiting for the server",
};

const EMPTY = {
  text: "The last minute appears here.",
  xref: "paper",
  yref: "paper",
  x: 0.5,
  y: 0.6,
  showarrow: false,
  font: { size: 14 },
};

const find = (selector) => element.querySelector(selector);
const root = find(".live");
const history = find(".history");
const rows = [...element.querySelectorAll(".shares li")];
const emotions = props.emotions;
const session = window.recordingSession(element, emotions);

let times = [];
let shares = emotions.map(() => []);
let watchdog = 0;
let began = 0; // ms, when the recording did
let loading = false; // the server its model
let zoom = null; // seconds that a person chose to look at; null follows the recording

function show(state, face, title, detail, colour) {
  root.dataset.state = state;
  root.style.setProperty("--now", colour ?? "transparent");
  // Rewriting the same words would make a screen reader say them again.
  for (const [selector, text] of [
    [".face", face],
    [".emotion", title],
    [".detail", detail],
    [".status-text", STATUS[state]],
  ]) {
    const node = find(selector);
    if (node.textContent !== text) node.textContent = text;
  }
}

function showShares(probabilities) {
  rows.forEach((row) => {
    const share = probabilities[row.dataset.emotion] ?? 0;
    row.style.setProperty("--share", share);
    row.querySelector(".percent").textContent = row.dataset.emotion in probabilities ? percent(share) : "–";
  });
}

function showLevel(level) {
  const shown = Math.min(0, Math.max(QUIETEST, level));
  const meter = find(".level");
  meter.setAttribute("aria-valuenow", Math.round(shown));
  meter.style.setProperty("--level", 1 - shown / QUIETEST);
}

const percent = (share) => `${Math.round(100 * share)}%`;

function showReading(reading) {
  const emotion = emotions.find((one) => one.name === reading.emotion);
  for (const row of rows) row.classList.toggle("current", row.dataset.emotion === reading.emotion);
  showShares(reading.probabilities);
  showLevel(reading.level);
  if (!root.dataset.recording) return rest(); // the last chunk can come after stop
  if (emotion) {
    const detail = `${percent(reading.confidence)} confident`;
    show(light(reading), emotion.symbol, emotion.name, detail, emotion.colour);
  } else if (reading.state === "unclear") {
    show(light(reading), "", "Unclear", `${reading.candidates.join(" or ")}, with no clear lead`);
  } else if (reading.state === "no speech") {
    show("no speech", "", "No speech", "Waiting for a voice.");
  } else {
    listen();
  }
}

const light = (reading) => (reading.speaking ? "speaking" : "no speech");

function remember(reading) {
  times.push(reading.time);
  shares.forEach((line, index) => line.push(reading.probabilities[emotions[index].name] ?? null));
  // One more than fits, so that the lines leave the plot through its edge.
  while (times.length > 1 && times[1] < reading.time - WINDOW) {
    times.shift();
    for (const line of shares) line.shift();
  }
}

function draw() {
  if (!window.Plotly) return;
  const style = getComputedStyle(root);
  const grey = style.getPropertyValue("--plot-text").trim();
  const grid = style.getPropertyValue("--plot-grid").trim();
  const now = times.at(-1) ?? 0;
  const current = rows.findIndex((row) => row.classList.contains("current"));
  const traces = emotions.map((emotion, index) => ({
    x: times.slice(),
    y: shares[index].slice(),
    name: `${emotion.symbol} ${emotion.name}`,
    mode: "lines",
    connectgaps: false,
    line: {
      color: emotion.colour,
      width: index === current ? 4 : 2,
      shape: "spline",
      smoothing: 0.5,
    },
    hovertemplate: "%{y:.0%}",
  }));
  const layout = {
    uirevision: "live",
    autosize: true,
    margin: { l: 50, r: 12, t: 8, b: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 12, color: grey },
    showlegend: false,
    annotations: times.length ? [] : [EMPTY],
    hovermode: "x unified",
    hoverlabel: { bgcolor: style.getPropertyValue("--panel").trim(), bordercolor: grid },
    xaxis: {
      range: zoom ?? [Math.max(0, now - WINDOW), Math.max(WINDOW, now)],
      ticksuffix: " s",
      ticklabelstandoff: 8,
      gridcolor: grid,
      zeroline: false,
      hoverformat: ".1f",
    },
    yaxis: {
      range: [0, 1.02],
      tickvals: [0, 0.5, 1],
      tickformat: ".0%",
      ticklabelstandoff: 6,
      gridcolor: grid,
      zeroline: false,
      fixedrange: true,
    },
  };
  Plotly.react(history, traces, layout, { displayModeBar: false, doubleClick: false });
}

function clear() {
  times = [];
  zoom = null;
  shares = emotions.map(() => []);
  for (const row of rows) row.classList.remove("current");
  showShares({});
  showLevel(QUIETEST);
}

function expectReading() {
  clearTimeout(watchdog);
  watchdog = setTimeout(
    () => show("waiting", "", "Waiting", "No answer from the server for three seconds."),
    SILENT,
  );
}

// Sound waits in the page while the server, or the line to it, is behind.
function tellBacklog(heard) {
  const behind = (performance.now() - began) / 1000 - heard;
  find(".backlog").textContent =
    root.dataset.recording && behind > BEHIND
      ? `${Math.round(behind)} s behind: the server or the connection is too slow. Nothing is lost, but readings are late and fewer.`
      : "";
}

// After stop: the last emotion stays to be read, and nothing else seems to go on.
function rest() {
  if (rows.some((row) => row.classList.contains("current"))) {
    root.dataset.state = "idle";
    find(".status-text").textContent = STATUS.idle;
  } else if (loading) {
    show("idle", "", "Getting ready", LOADING);
  } else {
    show("idle", "", "Ready", "Press record and speak.");
  }
}

function listen() {
  show("listening", "", "Listening", loading ? LOADING : "Say a sentence or two.");
}

function tellLoading(now) {
  if (now === loading) return;
  loading = now;
  if (root.dataset.recording) listen();
  else rest();
}

window.undertone = {
  started() {
    root.dataset.recording = "yes";
    find(".backlog").textContent = "";
    clear();
    session.clear();
    began = performance.now();
    listen();
    expectReading();
    draw();
  },
  stopped() {
    clearTimeout(watchdog);
    delete root.dataset.recording;
    showLevel(QUIETEST);
    rest();
    session.showSummary();
  },
};

function end(reason) {
  if (root.dataset.recording) window.gradioPatches.pressStop();
  find(".backlog").textContent = reason;
}

watch("value", () => {
  if (!props.value) return;
  if ("loading" in props.value) tellLoading(props.value.loading);
  if (!("heard" in props.value || "refusal" in props.value)) return; // the page has just opened
  window.gradioPatches.chunkAnswered();
  if (loading) session.skipTo(props.value.heard);
  if (props.value.refusal) return end(props.value.refusal);
  for (const reading of props.value.readings) {
    // Time that runs backwards is a new recording behind the last words of the old one.
    if (reading.time <= (times.at(-1) ?? 0)) {
      clear();
      session.clear();
    }
    remember(reading);
    session.add(reading);
    showReading(reading);
  }
  if (root.dataset.recording) expectReading();
  else session.showSummary(); // the last chunk can come after stop
  tellBacklog(props.value.heard);
  session.drawRibbon();
  draw();
});

function begin() {
  draw();
  // A range that is passed anew with every reading would undo a zoom, whatever `uirevision` says.
  history.on("plotly_relayout", (change) => {
    if ("xaxis.range[0]" in change) zoom = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
  });
  history.on("plotly_doubleclick", () => {
    zoom = null;
    draw();
  });
  // Light and dark are a class of the body.
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] });
  new ResizeObserver(() => history.offsetParent && Plotly.Plots.resize(history)).observe(history);
}

// Plotly is large: the rest of the panel does not wait for it.
if (window.Plotly) begin();
else document.querySelector("#plotly").addEventListener("load", begin);
