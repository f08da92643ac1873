// The recordings of this page: their readings, what they amount to and the files of them. The server
// keeps nothing of them. The readings outlive a reload of the page, the sound does not. Runs in the
// head of the page.
//
// window.undertoneClock(seconds) -> "1:05"
// new window.RecordingSession(began): one recording, which began at a time in ms since 1970
//   readings, sound      what was added to it; `sound` is null after a reload
//   add(reading)         keep the next reading
//   stretches()          the readings with `start` and `end` in seconds, each begins where one ends
//   analyzed, recorded   seconds of sound that were analyzed, and that were recorded
//   summary()            seconds and longest stretch of each emotion and of "unclear"
//   csv(names), json()   every reading as text
// window.sessionShelf: keeps them across a reload
//   save(sessions), load() -> sessions, the oldest first
window.undertoneClock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

window.RecordingSession = class RecordingSession {
  static UNCLEAR = "unclear";
  static COLUMNS = ["time", "state", "emotion", "candidates", "confidence", "speaking", "speech_share", "level"];

  readings = [];
  sound = new window.RecordedSound();

  constructor(began) {
    this.began = began;
  }

  add(reading) {
    this.readings.push(reading);
  }

  get analyzed() {
    return this.readings.at(-1)?.time ?? 0;
  }

  get recorded() {
    return Math.max(this.analyzed, this.sound?.seconds ?? 0);
  }

  stretches() {
    return this.readings.map((reading, index) => ({
      reading,
      start: index ? this.readings[index - 1].time : 0,
      end: reading.time,
      name: reading.emotion ?? (reading.state === RecordingSession.UNCLEAR ? reading.state : null),
    }));
  }

  // `entries`: name, seconds and the longest stretch of each, the most frequent first; `spoken` and
  // `named`: seconds of speech, and of those with an emotion; `changes`: from one emotion to another.
  summary() {
    const found = new Map();
    let run = null;
    let last = null; // emotion
    let changes = 0;
    for (const { start, end, name } of this.stretches()) {
      if (!name) {
        run = null;
        continue;
      }
      if (name !== RecordingSession.UNCLEAR) {
        if (last && last !== name) changes += 1;
        last = name;
      }
      run = run?.name === name ? { ...run, end } : { name, start, end };
      const entry = found.get(name) ?? { name, seconds: 0, longest: run };
      entry.seconds += end - start;
      if (run.end - run.start >= entry.longest.end - entry.longest.start) entry.longest = run;
      found.set(name, entry);
    }
    const entries = [...found.values()].sort((one, other) => other.seconds - one.seconds);
    const spoken = entries.reduce((sum, entry) => sum + entry.seconds, 0);
    return { entries, spoken, named: spoken - (found.get(RecordingSession.UNCLEAR)?.seconds ?? 0), changes };
  }

  csv(names) {
    const cell = (text) => (/[",\n]/.test(text) ? `"${String(text).replaceAll('"', '""')}"` : text);
    const lines = this.readings.map((reading) => [
      ...RecordingSession.COLUMNS.map((column) =>
        column === "candidates" ? reading.candidates.join(" or ") : (reading[column] ?? ""),
      ),
      ...names.map((name) => reading.probabilities[name] ?? ""),
    ]);
    const table = [[...RecordingSession.COLUMNS, ...names], ...lines];
    return table.map((line) => line.map(cell).join(",")).join("\n") + "\n";
  }

  json() {
    return JSON.stringify(this.readings, null, 1);
  }
};

window.sessionShelf = {
  KEY: "undertone-recordings",

  save(sessions) {
    const kept = sessions.map(({ began, readings }) => ({ began, readings }));
    // A browser gives a page a few megabytes; the oldest recording goes first.
    for (; kept.length; kept.shift()) {
      try {
        sessionStorage.setItem(this.KEY, JSON.stringify(kept));
        return;
      } catch (error) {
        if (error.name !== "QuotaExceededError") return; // site data is blocked
      }
    }
  },

  load() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.KEY) ?? "[]");
      return kept.map(({ began, readings }) =>
        Object.assign(new window.RecordingSession(began), { readings, sound: null }),
      );
    } catch {
      return []; // site data is blocked, or another page's
    }
  },
};
