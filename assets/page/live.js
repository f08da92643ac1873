// The live panel. Gradio runs this once with `element`, `props` and `watch` in scope. The server
// sends new readings only; the earlier ones are kept in the page. It uses what the head of the page
// defines, and defines, for the events of Gradio's recorder:
//
// window.undertone:
//   started()   a recording begins
//   stopped()   it has ended, or could not begin
const SILENT = 3000; // ms without a reading after which the page says what it waits for
const BEHIND = 4; // seconds between what was recorded and what was read, from which it is said
const QUIETEST = -60; // dBFS, the left end of the meter
const MOST_KEPT = 6; // recordings
const LOADING = "The model is loading."; // no longer than what comes after it, or the page jumps
const STATUS = {
  idle: "Not recording",
  opening: "Opening the microphone",
  listening: "Listening",
  "no speech": "No speech",
  speaking: "Speaking",
  waiting: "Waiting for the server",
  stalled: "Waiting for the microphone",
};
const LABELS = {
  now: "Confidence of each emotion",
  whole: "Share of the speech with each emotion",
};

const find = (selector) => element.querySelector(selector);
const root = find(".live");
const rows = [...element.querySelectorAll(".shares li")];
const emotions = props.emotions;
const patches = window.gradioPatches;
const plot = window.livePlot(find(".history"), emotions, root);
const timeline = window.recordingTimeline(element, emotions);

let sessions = window.sessionShelf.load(); // the oldest first; the last one goes on, or was the last
const earlier = new Map(); // the buttons of recordings
let session = null; // the recording that goes on; null between two
let arriving = null; // the recording that the microphone's sound belongs to; the last of it comes late
let stream = null; // which recording the server answers about, by its own name
let ended = null; // and which one is over
let offset = 0; // seconds, of a server's clock that began anew behind the recording's
let received = 0; // seconds of sound that the server has answered
let watchdog = 0;
let lastChunk = 0; // ms; when the microphone gave sound
let loading = false; // the server its model
let offlineSince = 0; // ms; 0 while the server can be reached
let catchingUp = false; // with what was recorded while it could not, or while it was loading

const percent = (share) => `${Math.round(100 * share)}%`;

function show(state, { emotion, title, detail, quiet = false }) {
  root.dataset.state = state;
  root.classList.toggle("quiet", quiet);
  root.style.setProperty("--now", emotion?.colour ?? "transparent");
  write(".face", emotion?.symbol ?? "");
  write(".emotion", title);
  write(".detail", detail);
  write(".status-text", STATUS[state]);
}

// Rewriting the same words would make a screen reader say them again.
function write(selector, text) {
  const node = find(selector);
  if (node.textContent !== text) node.textContent = text;
}

function showShares(shares, current, label) {
  find(".shares").setAttribute("aria-label", label);
  for (const row of rows) {
    const { emotion } = row.dataset;
    row.classList.toggle("current", emotion === current);
    row.style.setProperty("--share", shares[emotion] ?? 0);
    row.querySelector(".percent").textContent = emotion in shares ? percent(shares[emotion]) : "–";
  }
}

function showLevel(level) {
  const shown = Math.min(0, Math.max(QUIETEST, level));
  const meter = find(".level");
  meter.setAttribute("aria-valuenow", Math.round(shown));
  meter.style.setProperty("--level", 1 - shown / QUIETEST);
}

const light = (reading) => (reading.speaking ? "speaking" : "no speech");

function showReading(reading) {
  const emotion = emotions.find((one) => one.name === reading.emotion);
  showShares(reading.probabilities, reading.emotion, LABELS.now);
  showLevel(reading.level);
  if (emotion) {
    const detail = `${percent(reading.confidence)} confident`;
    show(light(reading), { emotion, title: emotion.name, detail });
  } else if (reading.state === window.RecordingSession.UNCLEAR) {
    const title = `Unclear: ${reading.candidates.join(" or ")}`;
    show(light(reading), { title, detail: "No emotion leads clearly.", quiet: true });
  } else if (reading.state === "no speech") {
    show(light(reading), { title: "No speech", detail: "Waiting for a voice." });
  } else {
    listen();
  }
}

function expectReading() {
  clearTimeout(watchdog);
  watchdog = setTimeout(sayWhatIsMissing, SILENT);
}

const hasSound = () => performance.now() - lastChunk < SILENT;

function sayWhatIsMissing() {
  if (hasSound()) {
    show("waiting", {
      title: "Waiting",
      detail: "No answer from the server; the sound is kept in this page.",
    });
  } else {
    show("stalled", {
      title: "No sound",
      detail: "The microphone is paused; the recording goes on when it does.",
    });
  }
}

// Sound waits in the page while the server, or the line to it, is behind.
function tellBacklog() {
  const behind = Math.round(session.recorded - session.analyzed);
  if (offlineSince) {
    const away = Math.round((performance.now() - offlineSince) / 1000);
    tell(
      "No connection: the sound waits in this page. It is read later, unless you press Stop.",
      `(for ${away} s)`,
    );
    catchingUp = true;
  } else if (loading) {
    catchingUp = true;
    tell("");
  } else if (behind > BEHIND && catchingUp) {
    tell("Catching up: some of the sound is still to be read.", `(${behind} s)`);
  } else if (behind > BEHIND) {
    tell(
      "The server or the connection is too slow: readings are late and may be fewer. Until you press Stop, nothing is lost.",
      `(${behind} s behind)`,
    );
  } else {
    catchingUp = false;
    tell("");
  }
}

// A screen reader says the words when they change, and not the seconds, which count.
function tell(words, count = "") {
  write(".backlog-words", words);
  write(".backlog-count", count);
}

// Nothing is recorded: the recording that is shown as a whole, or what there is to do.
function rest(shown) {
  showLevel(QUIETEST);
  find(".elapsed").hidden = true;
  const problem = document.documentElement.dataset.microphone;
  if (shown?.readings.length) {
    const headline = timeline.headline();
    const { entries, spoken } = shown.summary();
    const shares = Object.fromEntries(entries.map(({ name, seconds }) => [name, seconds / spoken]));
    showShares(shares, headline.emotion?.name, LABELS.whole);
    show("idle", headline);
  } else if (problem && problem !== "outdated") {
    show("idle", { title: "No microphone", detail: "The notice on this page says why." });
  } else if (loading) {
    show("idle", { title: "Getting ready", detail: LOADING });
  } else {
    show("idle", { title: "Ready", detail: "Press record and speak." });
  }
}

function listen() {
  show("listening", { title: "Listening", detail: loading ? LOADING : "Say a sentence or two." });
}

// A recording that is over, in the place of the one before.
function present(shown) {
  plot.clear();
  for (const reading of shown.readings) plot.add(reading);
  plot.draw(null);
  timeline.show(shown);
  timeline.finish();
  rest(shown);
  listEarlier(shown);
}

// A way back to what a new recording has replaced. A button that stays is left alone: a new one in
// its place would lose the focus.
function listEarlier(shown) {
  const list = find(".earlier");
  const over = sessions.filter((one) => one !== session);
  list.hidden = over.every((one) => one === shown);
  for (const [one, button] of earlier) {
    if (over.includes(one)) continue;
    button.remove();
    earlier.delete(one);
  }
  for (const one of over) {
    if (!earlier.has(one)) {
      const made = document.createElement("button");
      made.type = "button";
      made.addEventListener("click", () => present(one));
      list.append(made);
      earlier.set(one, made);
    }
    const button = earlier.get(one);
    const time = new Date(one.began).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    button.textContent = `${time}, ${window.undertoneClock(one.analyzed)}`;
    button.disabled = session !== null;
    button.ariaCurrent = one === shown ? "true" : null;
  }
}

window.undertone = {
  started() {
    // A refusal can be quicker than Gradio's word that the recording begins.
    if (session || document.documentElement.dataset.microphone) return;
    session = new window.RecordingSession(Date.now());
    arriving = session;
    ended = stream;
    stream = null;
    offset = 0;
    received = 0;
    sessions = [...sessions.filter((one) => one.readings.length), session].slice(-MOST_KEPT);
    tell("");
    plot.clear();
    showShares({}, null, LABELS.now);
    showLevel(QUIETEST);
    timeline.show(session);
    find(".elapsed").textContent = window.undertoneClock(0);
    find(".elapsed").hidden = false;
    listEarlier();
    show("opening", { title: "One moment", detail: "Allow the microphone if the browser asks." });
    // A browser that need not ask can be quicker than Gradio's word that the recording begins.
    if (patches.isOpen()) opened();
    plot.draw(null);
  },
  stopped() {
    clearTimeout(watchdog);
    if (!session) {
      // Gradio's word of a recording that this page has ended, or of one that could not begin.
      if (document.documentElement.dataset.microphone) rest(null);
      return;
    }
    const over = session;
    session = null;
    patches.streamClosed();
    window.recordingSign.hide();
    if (!over.readings.length) sessions = sessions.filter((one) => one !== over);
    tell("");
    present(over);
  },
};

function opened() {
  if (!session) return;
  window.recordingSign.show();
  listen();
  expectReading();
}

function end(reason) {
  patches.pressStop();
  window.undertone.stopped();
  tell(reason);
}

patches.events.addEventListener("opened", opened);
patches.events.addEventListener("chunk", async ({ detail }) => {
  lastChunk = performance.now();
  if (!arriving) return;
  const current = arriving;
  await current.sound.add(detail);
  if (!session && current === sessions.at(-1)) present(current);
  if (current !== session) return;
  find(".elapsed").textContent = window.undertoneClock(current.recorded);
  tellBacklog();
});
patches.events.addEventListener("offline", () => {
  offlineSince = performance.now();
});
patches.events.addEventListener("online", () => {
  offlineSince = 0;
});
patches.events.addEventListener("lost", () => {
  if (session) end("The connection to the server was lost, and the recording ended. What was read is kept below.");
});

function hear(answer) {
  patches.chunkAnswered("again" in answer);
  if (!session || answer.stream === ended) return hearLate(answer);
  if (answer.refusal) return end(answer.refusal);
  if (stream !== null && answer.stream !== stream) offset = received;
  stream = answer.stream;
  received = offset + answer.received;
  for (const reading of later(answer.readings)) {
    plot.add(reading);
    session.add(reading);
    showReading(reading);
  }
  if (loading && hasSound()) listen(); // no reading takes the place of "Waiting"
  expectReading();
  tellBacklog();
  timeline.draw();
  plot.draw(answer.readings.at(-1)?.emotion);
}

// The last chunk is answered after stop; by then, another recording may have begun.
function hearLate({ stream: name, readings = [] }) {
  const last = sessions.at(-1);
  if (session || !last || name !== stream) return;
  for (const reading of later(readings)) last.add(reading);
  if (readings.length) present(last);
}

const later = (readings) => readings.map((reading) => ({ ...reading, time: reading.time + offset }));

watch("value", () => {
  if (!props.value) return;
  if ("loading" in props.value && props.value.loading !== loading) {
    loading = props.value.loading;
    if (session && patches.isOpen()) opened();
    else if (!session) rest(sessions.at(-1));
  }
  if ("received" in props.value || "refusal" in props.value) hear(props.value); // or the page has just opened
});

plot.onClick((seconds) => timeline.playFrom(seconds));
const save = () => window.sessionShelf.save(sessions);
window.addEventListener("pagehide", save);
document.addEventListener("visibilitychange", save);
if (sessions.length) present(sessions.at(-1));
else rest(null);
