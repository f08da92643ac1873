// Runs in the head of the served HTML, before Gradio's scripts.
(() => {
  const LONGEST = 60000; // ms, after which the page is shown as it is
  const STILL = 300; // ms without a change of height, after which the page counts as built

  const root = document.documentElement;
  const parameters = new URLSearchParams(location.search);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.opening = parameters.get("__theme") ?? (dark ? "dark" : "light");

  // Gradio shows its API page by a button in the footer, and not for the address that the button
  // gives it.
  const documented = parameters.get("view") === "api";
  if (documented) {
    parameters.delete("view");
    const rest = parameters.toString();
    history.replaceState(null, "", location.pathname + (rest && `?${rest}`) + location.hash);
  }

  const began = performance.now();
  let height = 0;
  let since = began;

  function look() {
    const now = performance.now();
    const page = document.querySelector("gradio-app .colophon") && document.querySelector("gradio-app");
    const tall = page ? page.scrollHeight : 0;
    if (tall !== height) {
      height = tall;
      since = now;
    }
    // On a slow machine these come long after the rest.
    const drawn = document.querySelector(".history .main-svg") && document.querySelector("#microphone button");
    const login = document.querySelector("gradio-app input[type=password]");
    if (login || (height && drawn && now - since > STILL) || now - began > LONGEST) return show();
    setTimeout(look, 50);
  }

  function show() {
    delete root.dataset.opening;
    document.querySelector("#opening")?.remove();
    if (documented) document.querySelector("footer button.show-api")?.click();
  }

  look();
})();

// Ask before the page is left during a recording (recording_sign.js). Gradio's own listener would end
// the stream before there is an answer, and with it the recording of a person who stays. This one was
// added first, so it can keep the event from it. A page that is left ends its connections anyway.
window.addEventListener("beforeunload", (event) => {
  if (!document.documentElement.dataset.recording) return;
  event.preventDefault();
  event.stopImmediatePropagation();
});
