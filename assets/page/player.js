// Plays the recording that is shown. Gradio runs this once with `element`, `props` and `watch` in
// scope. The sound comes from the file that the person chose, here in the page; an example's from
// the server.
const box = element.querySelector(".player");
const sound = element.querySelector("audio");
const unplayable = element.querySelector(".unplayable");
const chosen = new Map(); // files by name
let shown = "";

function remember(files) {
  for (const file of files ?? []) chosen.set(file.name, file);
}
addEventListener("change", (event) => event.target.type === "file" && remember(event.target.files), true);
addEventListener("drop", (event) => remember(event.dataTransfer?.files), true);

watch("value", () => {
  URL.revokeObjectURL(shown);
  const { name, path, emotion } = props.value ?? {};
  const file = chosen.get(name);
  shown = file ? URL.createObjectURL(file) : path ? `gradio_api/file=${path}` : "";
  box.hidden = !name;
  element.querySelector(".shown").textContent = name ? `${name}: ${emotion}` : "";
  unplayable.hidden = true;
  sound.hidden = !shown;
  if (shown) sound.src = shown;
  else sound.removeAttribute("src");
  moveCursor();
});

sound.addEventListener("error", () => {
  unplayable.hidden = !shown;
  sound.hidden = true;
});

// A line over the figure shows the moment that is heard; a click on the figure goes there.
const figure = document.querySelector("#sound");
const cursor = document.createElement("div");
cursor.className = "cursor";
figure.append(cursor);

function axis() {
  const plot = figure.querySelector(".js-plotly-plot");
  const layout = plot?._fullLayout;
  return layout?.xaxis && { plot, left: layout._size.l, range: layout.xaxis };
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
}

function follow() {
  moveCursor();
  if (!sound.paused && !sound.ended) requestAnimationFrame(follow);
}
for (const change of ["play", "pause", "seeked", "ended"]) sound.addEventListener(change, follow);
new ResizeObserver(moveCursor).observe(figure);

figure.addEventListener("click", (event) => {
  const found = axis();
  if (!found || sound.hidden) return;
  const left = found.plot.getBoundingClientRect().left + found.left;
  const time = found.range.p2l(event.clientX - left);
  if (time >= 0 && time <= (props.value?.duration ?? 0)) sound.currentTime = time;
});
