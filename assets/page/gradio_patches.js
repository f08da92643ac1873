// Everything that the page knows of Gradio's insides in the browser; app/ui/gradio_patches.py is its
// part in Python. Runs in the head of the page, before Gradio asks for the microphone.
//
// window.gradioPatches:
//   recorderReady    a promise, resolved when Gradio's recorder can take sound
//   streamOpened()   the microphone has been opened: the recorder starts now
//   streamClosed()   the recording is over: of what waits here nothing more is read
//   chunkAnswered()  the server has answered a chunk of the recording: the next one may be announced
//   pressStop()      end the recording as its button does
//   forbidRecord()   disable the button, now or when it appears
//   events           an EventTarget:
//     "chunk"     half a second of sound was recorded; `detail` is its WAV file, a Blob
//     "offline"   the server cannot be reached; chunks wait here and are sent again
//     "online"    it can
//     "lost"      Gradio has given up this page's session, and loads the page anew when it can
window.gradioPatches = (() => {
  const PATIENCE = 3000; // ms, after which an answer is given up
  const AGAIN = 500; // ms between two attempts to reach the server
  const DISPATCH = 1000; // ms that Gradio may take from an upload to its announcement

  const events = new EventTarget();
  const emit = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  // A name that is gone would lose sound without a sign.
  const need = (found, name) => {
    if (found) return;
    const version = window.gradio_config?.version;
    document.documentElement.dataset.microphone = "outdated";
    throw new Error(`Gradio ${version} has no ${name}, which this page uses: install the version that requirements.txt names.`);
  };

  // --- Sound on its way to the server ---------------------------------------------------------
  // Gradio's server keeps only the newest chunk that it has not taken yet, and Gradio's page sends a
  // chunk once. So that no sound is lost when either is behind, chunks go one by one: the next is
  // uploaded when the one before has been announced, and announced when the one before has been
  // answered. While there is no connection, they wait.
  const post = window.fetch;
  let uploads = 0;
  let announcements = 0;
  let uploaded = Promise.resolve();
  let answered = Promise.resolve();
  let answer = () => {};
  let announced = () => {};
  let recording = 0; // counts, so that a chunk knows whether its own goes on
  let reachable = true;
  let lost = false;

  function reached(now) {
    if (now === reachable) return;
    reachable = now;
    emit(now ? "online" : "offline");
  }

  async function postUntilReached(resource, options) {
    const mine = recording;
    while (mine === recording && !lost) {
      try {
        const response = await post(resource, options);
        if (![502, 503, 504].includes(response.status)) {
          reached(true);
          return response;
        }
      } catch (error) {
        if (error.name !== "TypeError") throw error;
      }
      reached(false);
      await pause(AGAIN);
    }
    throw new TypeError("The recording is over.");
  }

  function chunkOf({ pathname, search }, body) {
    if (!pathname.endsWith("/upload") || search || !(body instanceof FormData)) return null;
    const [file, more] = body.getAll("files");
    return file?.name === "audio.wav" && !more ? file : null;
  }
  const announces = (path, body) =>
    /\/stream\/\w+$/.test(path) || (path.endsWith("/queue/join") && /"is_stream":true/.test(body));

  function upload(resource, options) {
    uploads += 1;
    const mine = recording;
    const sent = uploaded.then(() =>
      mine === recording ? postUntilReached(resource, options) : Promise.reject(new TypeError()),
    );
    uploaded = sent.then(
      () =>
        Promise.race([
          new Promise((resolve) => {
            announced = resolve;
          }),
          pause(DISPATCH),
        ]),
      () => {},
    );
    // Gradio has no answer to an error here; without a file it does nothing.
    return sent.catch((error) => {
      if (mine === recording && !lost) throw error;
      return new Response("[]");
    });
  }

  function announce(resource, options) {
    announcements += 1;
    announced();
    const before = answered;
    let next;
    answered = new Promise((resolve) => {
      next = resolve;
    });
    return before.then(async () => {
      answer = next;
      try {
        const response = await postUntilReached(resource, options);
        if (response.ok) setTimeout(next, PATIENCE);
        else next(); // the recording is over
        return response;
      } catch (error) {
        next();
        throw error;
      }
    });
  }

  window.fetch = (resource, options) => {
    const url = new URL(resource.url ?? resource, location);
    const chunk = chunkOf(url, options?.body);
    if (chunk) {
      emit("chunk", chunk);
      return upload(resource, options);
    }
    if (announces(url.pathname, options?.body)) return announce(resource, options);
    // Gradio asks for it when its connection has broken, until there is an answer.
    if (url.pathname.endsWith("/app_id") && !lost) {
      lost = true;
      emit("lost");
    }
    return post(resource, options);
  };

  function chunkAnswered() {
    need(workers, "worker of its recorder");
    need(uploads, "request to /upload");
    need(announcements, "request to /stream or /queue/join with is_stream");
    answer();
  }

  // --- The recorder -----------------------------------------------------------------------------
  // Gradio's recorder is loaded in parts. A recording that begins before the last of them would stay
  // empty: the recorder is ready when its worker has answered and has been registered.
  const LONGEST = 10000; // ms, after which the recorder is not waited for
  const SETTLED = 250; // ms
  let workers = 0;
  const answers = new Promise((resolve) => {
    window.Worker = class extends window.Worker {
      constructor(...given) {
        super(...given);
        workers += 1;
        this.addEventListener("message", resolve, { once: true });
      }
    };
  });
  const recorderReady = Promise.race([answers.then(() => pause(SETTLED)), pause(LONGEST)]);

  // The recorder fails when it is stopped before its first chunk: an early press waits for that.
  const FIRST_CHUNK = 1500; // ms, after which it is not waited for
  let firstChunk = null; // a promise from the opened microphone to the first chunk
  let pressing = false;

  function streamClosed() {
    recording += 1;
    announced();
  }

  function streamOpened() {
    const mine = Promise.race([
      new Promise((resolve) => events.addEventListener("chunk", resolve, { once: true })),
      pause(FIRST_CHUNK),
    ]).then(() => {
      if (firstChunk === mine) firstChunk = null;
    });
    firstChunk = mine;
  }

  const RECORD = "#microphone button.record-button";
  const STOP = "#microphone button.stop-button";
  const SPINNER = "#microphone button.spinner-button";

  function pressStop() {
    const button = document.querySelector(`${STOP}, ${SPINNER}`);
    need(button, "button.stop-button");
    button.click();
  }

  window.addEventListener(
    "click",
    (event) => {
      if (!firstChunk || !event.target.closest?.(`${STOP}, ${SPINNER}`)) return;
      event.stopImmediatePropagation();
      if (pressing) return;
      pressing = true;
      firstChunk.then(() => {
        pressing = false;
        pressStop();
      });
    },
    { capture: true },
  );

  // Gradio puts another button in the place of the one that was pressed: the focus stays there.
  let focused = null;
  let forbidden = false;
  const forbidRecord = () => {
    forbidden = true;
  };
  window.addEventListener("focusin", ({ target }) => {
    focused = target.closest?.(`${RECORD}, ${STOP}, ${SPINNER}`) ?? null;
  });
  new MutationObserver(() => {
    const record = document.querySelector(RECORD);
    if (record && forbidden) record.disabled = true;
    if (!focused || focused.isConnected) return;
    const successor = document.querySelector(`${RECORD}, ${STOP}, ${SPINNER}`);
    if (successor && document.activeElement === document.body) successor.focus();
  }).observe(document, { childList: true, subtree: true });

  return { recorderReady, streamOpened, streamClosed, chunkAnswered, pressStop, forbidRecord, events };
})();
