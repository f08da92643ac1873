// What is shown of a recording as a whole: the ribbon with its hover, the summary, the sound to play
// again and the files to take away. Runs in the head of the page.
//
// window.recordingTimeline(element, emotions) -> for the panel in `element`:
//   show(session)        the recording that goes on, or one that is over
//   draw()               the ribbon and what was added to the recording
//   finish()             summary and sound of the recording shown, which is over
//   playFrom(seconds)    of the recording shown, where its sound is kept
//   headline()           {emotion, title, detail} of the recording shown
window.recordingTimeline = (element, emotions) => {
  const SHORTEST = 60; // seconds that the ribbon shows at least
  const LEAST_SHARE = 0.5; // of the speech, that is named as all of it is; app/episodes.py has the same
  const UNCLEAR = window.RecordingSession.UNCLEAR;
  const COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

  const find = (selector) => element.querySelector(selector);
  const clock = window.undertoneClock;
  const percent = (share) => `${Math.round(100 * share)}%`;
  // Short episodes begin and end in the same second: tenths tell them apart.
  const exactly = (seconds) => `${clock(seconds)}.${Math.floor((seconds * 10) % 10)}`;
  const known = (name) => emotions.find((one) => one.name === name);

  const track = find(".ribbon-track");
  const ribbon = find(".ribbon");
  const tip = find(".tip");
  const playhead = find(".playhead");
  const player = find(".replay");
  let session = new window.RecordingSession(Date.now());
  let over = true;

  const length = () => Math.max(SHORTEST, session.recorded);

  function show(shown) {
    session = shown;
    over = false;
    stopPlaying();
    find(".summary").hidden = true;
    draw();
  }

  function draw() {
    const total = length();
    const ratio = window.devicePixelRatio || 1;
    ribbon.width = ribbon.clientWidth * ratio;
    ribbon.height = ribbon.clientHeight * ratio;
    const pen = ribbon.getContext("2d");
    const quiet = getComputedStyle(element).getPropertyValue("--plot-text").trim();
    for (const { start, end, name } of session.stretches()) {
      if (!name) continue;
      const left = Math.round((start / total) * ribbon.width);
      const right = Math.round((end / total) * ribbon.width);
      // What is unclear is low and pale, so that it is not taken for neutral.
      const top = name === UNCLEAR ? Math.round(0.7 * ribbon.height) : 0;
      pen.globalAlpha = name === UNCLEAR ? 0.5 : 1;
      pen.fillStyle = known(name)?.colour ?? quiet;
      pen.fillRect(left, top, right - left, ribbon.height - top);
    }
    find(".ribbon-end").textContent = clock(total);
    find(".downloads").hidden = !session.readings.length;
  }

  function headline() {
    const { entries, spoken, changes } = session.summary();
    const listened = `Listened for ${clock(session.analyzed)}.`;
    if (!entries.length) return { title: "No speech", detail: listened };
    const [first, ...rest] = entries;
    const title = `${first.seconds / spoken >= LEAST_SHARE ? "Mostly" : "Most often"} ${first.name}`;
    if (first.name === UNCLEAR) {
      const share = ({ name, seconds }) => `${name} (${percent(seconds / spoken)})`;
      const others = rest.slice(0, 2).map(share).join(", ");
      const detail = `${percent(first.seconds / spoken)} of the speech${others && `, then ${others}`}`;
      return { title, detail };
    }
    const count = `${COUNTS[changes] ?? changes} ${changes === 1 ? "change" : "changes"}`;
    const detail = `${percent(first.seconds / spoken)} of the speech; ${count}`;
    return { emotion: known(first.name), title, detail };
  }

  function words({ spoken, named }) {
    const listened = `Listened for ${clock(session.analyzed)}`;
    const tail = session.recorded - session.analyzed;
    const unread =
      tail >= 2
        ? ` The last ${Math.round(tail)} s were recorded and not read: save the sound and drop it on the Recordings tab to have it read.`
        : "";
    if (!spoken) return `${listened}; there was no speech.${unread}`;
    return `${listened}; named an emotion for ${clock(named)}.${unread}`;
  }

  function row({ name, seconds, longest }, spoken) {
    const { symbol = "", colour = "var(--plot-text)" } = known(name) ?? {};
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.innerHTML = '<span class="symbol" aria-hidden="true"></span> <span></span>';
    head.firstChild.textContent = symbol;
    head.lastChild.textContent = name;
    line.append(head);
    for (const text of [
      percent(seconds / spoken),
      exactly(seconds),
      `${exactly(longest.start)} to ${exactly(longest.end)}`,
    ]) {
      line.insertCell().textContent = text;
    }
    line.style.setProperty("--colour", colour);
    return line;
  }

  function finish() {
    over = true;
    draw();
    if (!session.readings.length) return;
    const summary = session.summary();
    find(".summary-words").textContent = words(summary);
    find(".summary table").hidden = !summary.entries.length;
    find(".summary tbody").replaceChildren(...summary.entries.map((entry) => row(entry, summary.spoken)));
    find(".summary").hidden = false;
    const file = session.sound?.file();
    if (!file) return;
    stopPlaying();
    player.src = URL.createObjectURL(file);
    player.hidden = false;
    find(".download-sound").hidden = false;
    track.classList.add("playable");
  }

  function stopPlaying() {
    player.pause();
    if (player.src) URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
    player.hidden = true;
    find(".download-sound").hidden = true;
    playhead.hidden = true;
    track.classList.remove("playable");
  }

  function playFrom(seconds) {
    if (!over || player.hidden) return;
    player.currentTime = Math.min(Math.max(0, seconds), session.recorded);
    player.play();
  }

  const momentAt = (event) => {
    const { left, width } = ribbon.getBoundingClientRect();
    return ((event.clientX - left) / width) * length();
  };

  ribbon.addEventListener("click", (event) => playFrom(momentAt(event)));
  ribbon.addEventListener("pointermove", (event) => {
    const moment = momentAt(event);
    const part = session.stretches().find(({ start, end }) => start <= moment && moment < end);
    tip.hidden = !part;
    if (!part) return;
    const { state, emotion, confidence, candidates } = part.reading;
    const said = emotion
      ? `${emotion}, ${percent(confidence)}`
      : candidates.length
        ? `${state}: ${candidates.join(" or ")}`
        : state;
    tip.textContent = `${exactly(moment)} ${said}`;
    tip.style.setProperty("--at", moment / length());
  });
  ribbon.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  player.addEventListener("timeupdate", () => {
    playhead.hidden = false;
    playhead.style.setProperty("--at", player.currentTime / length());
  });
  find(".download-csv").addEventListener("click", () =>
    window.saveFile("undertone-session.csv", session.csv(emotions.map((emotion) => emotion.name))),
  );
  find(".download-json").addEventListener("click", () =>
    window.saveFile("undertone-session.json", session.json()),
  );
  find(".download-sound").addEventListener("click", () =>
    window.saveFile("undertone-session.wav", session.sound.file()),
  );
  new ResizeObserver(draw).observe(ribbon);

  return { show, draw, finish, playFrom, headline };
};
