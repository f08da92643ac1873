// The sign that a recording goes on, on the browser's tab and the page's. Runs in the head of the page.
// opening.js asks before the page is left meanwhile.
//
// window.recordingSign.show(), .hide()
window.recordingSign = (() => {
  const DOT =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23cf454e'/%3E%3C/svg%3E";
  let title = null; // of the page, while it is another
  let icon = null;

  function show() {
    if (title !== null) return;
    title = document.title;
    document.title = `● Recording · ${title}`;
    icon = document.createElement("link");
    icon.rel = "icon";
    icon.href = DOT;
    document.head.append(icon); // the last one counts
    document.documentElement.dataset.recording = "yes";
  }

  function hide() {
    if (title === null) return;
    document.title = title;
    title = null;
    icon.remove();
    delete document.documentElement.dataset.recording;
  }

  return { show, hide };
})();
