// The whole recording: a ribbon under the plot while it goes on, a summary and downloads when it
// stops. Every reading stays in this page; the server keeps none. Runs in the head of the page.
//
// window.recordingSession(element, emotions) -> for the panel in `element`:
//   add(reading)      keep the next reading
//   skipTo(seconds)   no reading was made before this moment: the model was loading
//   drawRibbon()      draw what was added
//   showSummary()     shares and longest stretches of the emotions, with the downloads
//   clear()           begin a new recording
window.recordingSession = (element, emotions) => {
  const SHORTEST = 60; // seconds that the ribbon shows at least
  const COLUMNS = ["time", "state", "emotion", "candidates", "confidence", "speaking", "speech_share", "level"];

  const find = (selector) => element.querySelector(selector);
  const percent = (share) => `${Math.round(100 * share)}%`;

  const ribbon = find(".ribbon");
  let readings = [];
  let unread = 0; // seconds at the beginning that went by while the model was loading

  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  // Short episodes begin and end in the same second: tenths tell them apart.
  const exactly = (seconds) => `${clock(seconds)}.${Math.floor((seconds * 10) % 10)}`;
  const colourOf = (name) => emotions.find((one) => one.name === name)?.colour;

  // Each reading with the moment it begins, which is where the one before ends.
  const stretches = () =>
    readings.map((reading, index) => ({ ...reading, start: index ? readings[index - 1].time : unread }));

  function clear() {
    readings = [];
    unread = 0;
    find(".summary").hidden = true;
    drawRibbon();
  }

  function drawRibbon() {
    const total = Math.max(SHORTEST, readings.at(-1)?.time ?? 0);
    const ratio = window.devicePixelRatio || 1;
    ribbon.width = ribbon.clientWidth * ratio;
    ribbon.height = ribbon.clientHeight * ratio;
    const pen = ribbon.getContext("2d");
    for (const { start, time, emotion } of stretches()) {
      if (!emotion) continue;
      const left = Math.floor((start / total) * ribbon.width);
      const right = Math.ceil((time / total) * ribbon.width);
      pen.fillStyle = colourOf(emotion);
      pen.fillRect(left, 0, right - left, ribbon.height);
    }
    find(".ribbon-end").textContent = clock(total);
  }

  // Seconds and longest stretch of each emotion, the most frequent first.
  function summarize() {
    const found = new Map();
    let run = null;
    for (const { start, time, emotion } of stretches()) {
      if (!emotion) {
        run = null;
        continue;
      }
      run = run?.emotion === emotion ? { ...run, end: time } : { emotion, start, end: time };
      const entry = found.get(emotion) ?? { emotion, seconds: 0, longest: run };
      entry.seconds += time - start;
      if (run.end - run.start >= entry.longest.end - entry.longest.start) entry.longest = run;
      found.set(emotion, entry);
    }
    return [...found.values()].sort((one, other) => other.seconds - one.seconds);
  }

  function showSummary() {
    if (!readings.length) return;
    const entries = summarize();
    const spoken = entries.reduce((sum, entry) => sum + entry.seconds, 0);
    const heard = readings.at(-1).time;
    find(".summary-words").textContent = entries.length
      ? `${clock(heard)} heard, an emotion in ${clock(spoken)} of it.`
      : `${clock(heard)} heard, no speech in it.`;
    find(".summary table").hidden = !entries.length;
    find(".summary tbody").replaceChildren(
      ...entries.map(({ emotion, seconds, longest }) => {
        const { symbol, colour } = emotions.find((one) => one.name === emotion);
        const row = document.createElement("tr");
        const name = document.createElement("th");
        name.scope = "row";
        name.innerHTML = '<span class="symbol" aria-hidden="true"></span> <span></span>';
        name.firstChild.textContent = symbol;
        name.lastChild.textContent = emotion;
        const cells = [
          percent(seconds / spoken),
          exactly(seconds),
          `${exactly(longest.start)} to ${exactly(longest.end)}`,
        ];
        row.append(name);
        for (const text of cells) row.insertCell().textContent = text;
        row.style.setProperty("--colour", colour);
        return row;
      }),
    );
    find(".summary").hidden = false;
  }

  function table() {
    const names = emotions.map((emotion) => emotion.name);
    const lines = readings.map((reading) => [
      ...COLUMNS.map((column) =>
        column === "candidates" ? reading.candidates.join(" or ") : (reading[column] ?? ""),
      ),
      ...names.map((name) => reading.probabilities[name] ?? ""),
    ]);
    return [[...COLUMNS, ...names], ...lines].map((line) => line.join(",")).join("\n") + "\n";
  }

  find(".download-csv").addEventListener("click", () =>
    window.saveText("undertone-session.csv", table()),
  );
  find(".download-json").addEventListener("click", () =>
    window.saveText("undertone-session.json", JSON.stringify(readings, null, 1)),
  );
  new ResizeObserver(drawRibbon).observe(ribbon);

  return {
    add: (reading) => readings.push(reading),
    skipTo: (seconds) => {
      unread = seconds;
    },
    drawRibbon,
    showSummary,
    clear,
  };
};
