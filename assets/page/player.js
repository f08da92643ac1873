// Plays the recording that is shown. Gradio runs this once with `element`, `props` and `watch` in
// scope. The sound comes from the file that the person chose, here in the page, also out of a zip
// archive; an example's from the server.
const box = element.querySelector(".player");
const sound = element.querySelector("audio");
const unplayable = element.querySelector(".unplayable");
const chosen = []; // files, the newest last
let shown = "";

const remember = (files) => chosen.push(...(files ?? []));
addEventListener("change", (event) => event.target.type === "file" && remember(event.target.files), true);
addEventListener("drop", (event) => remember(event.dataTransfer?.files), true);

// The name under which Gradio keeps an upload, as strip_invalid_filename_characters in its
// gradio_client/utils.py makes it.
function stored(name) {
  const FORBIDDEN = /[<>:"/\\|?*\x00-\x1f\x7f`$!{}]/g;
  const RESERVED = /^(con|prn|aux|nul|(com|lpt)[1-9¹²³]) *(\.|$)/i; // on Windows
  const LONGEST = 200; // bytes
  const tooLong = (text) => new TextEncoder().encode(text).length > LONGEST;
  let kept = name.replaceAll('"', "%22").replace(FORBIDDEN, ""); // the browser sends the mark so
  if (!name.startsWith(".") && /^\.[^.]*$/.test(kept)) kept = `file${kept}`;
  kept = kept.replace(/[ .]+$/, "") || "file";
  if (RESERVED.test(kept)) kept = `_${kept}`;
  const [, start, end = ""] = /^(.*?)(\.[^.]*)?$/.exec(kept);
  const letters = [...start];
  while (letters.length && tooLong(letters.join("") + end)) letters.pop();
  return letters.join("") + end;
}

// The sound of what is shown: a file that was chosen here, one inside an archive, or an example.
// `namesakes` recordings of the same name were chosen after it.
async function sourceOf({ source, namesakes, path, example }) {
  let newer = namesakes;
  for (const file of [...chosen].reverse()) {
    const packed = file.name.toLowerCase().endsWith(".zip");
    const found = packed ? await window.fromZip(file, source) : stored(file.name) === source && file;
    if (found && newer-- === 0) return URL.createObjectURL(found);
  }
  return example ? `public/examples/${encodeURIComponent(source)}` : path ? `gradio_api/file=${path}` : "";
}

watch("value", async () => {
  URL.revokeObjectURL(shown);
  const value = props.value;
  box.hidden = !value;
  element.querySelector(".shown").textContent = value?.name ?? "";
  unplayable.hidden = true;
  sound.removeAttribute("src");
  const source = value ? await sourceOf(value) : "";
  if (props.value !== value) return; // another recording was chosen meanwhile
  shown = source;
  sound.hidden = !shown;
  if (shown) sound.src = shown;
  moveCursor();
});

sound.addEventListener("error", () => {
  unplayable.hidden = !shown;
  sound.hidden = true;
});

// A line over the figure shows the moment that is played.
const figure = document.querySelector("#sound");
const cursor = document.createElement("div");
cursor.className = "cursor";
figure.append(cursor);

function axis() {
  const plot = figure.querySelector(".js-plotly-plot");
  const layout = plot?._fullLayout;
  return layout?.xaxis && { plot, left: layout._size.l, bottom: layout._size.b, range: layout.xaxis };
}

function moveCursor() {
  const found = axis();
  const playing = found && sound.src && (sound.currentTime > 0 || !sound.paused);
  cursor.hidden = !playing;
  if (!playing) return;
  const place = found.range.l2p(sound.currentTime);
  cursor.hidden = place < 0 || place > found.range._length;
  const offset = found.plot.getBoundingClientRect().left - figure.getBoundingClientRect().left;
  cursor.style.left = `${offset + found.left + place}px`;
  cursor.style.bottom = `${found.bottom}px`;
}

function follow() {
  moveCursor();
  if (!sound.paused && !sound.ended) requestAnimationFrame(follow);
}
for (const change of ["play", "pause", "seeked", "ended"]) sound.addEventListener(change, follow);
new ResizeObserver(moveCursor).observe(figure);

function play(time) {
  if (sound.hidden || time < 0 || time > (props.value?.duration ?? 0)) return;
  sound.currentTime = time;
}

// A click plays from there. A drag chooses what is looked at, and a double click shows all again;
// neither moves the playback.
const STILL = 4; // pixels that a click may move
let pressed = null;
let before = 0; // seconds; where the playback was at the first click

addEventListener("pointerdown", (event) => (pressed = event), true);
figure.addEventListener("click", (event) => {
  const found = axis();
  if (!found || sound.hidden || !found.plot.contains(event.target)) return;
  const moved = pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY);
  if (moved > STILL) return;
  // Plotly makes this event out of the browser's own, and keeps its count of clicks.
  if (event.detail > 1) {
    play(before);
    return;
  }
  before = sound.currentTime;
  const left = found.plot.getBoundingClientRect().left + found.left;
  if (event.clientX < left) return;
  play(found.range.p2l(event.clientX - left));
});

addEventListener("undertone:play", (event) => {
  play(event.detail);
  sound.play();
});
