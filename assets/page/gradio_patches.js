// What the page knows of Gradio's recorder; gradio_stream.js knows how its sound reaches the server,
// and app/ui/gradio_patches.py is the part in Python. Runs in the head of the page, before Gradio asks
// for the microphone.
//
// window.gradioPatches:
//   recorderReady    a promise, resolved when Gradio's recorder can take sound
//   streamAsked()    the browser is asked for the microphone
//   streamOpened()   it has been opened: the recorder starts now
//   isOpen()         whether it has been since it was asked for
//   streamClosed()   the recording is over: of what waits in the page nothing more is read
//   chunkAnswered(again)  the server has answered a chunk of the recording, or wants it once more
//   pressStop()      end the recording as its button does
//   forbidRecord()   disable the button, now or when it appears
//   events           of gradio_stream.js, and
//     "opened"       the microphone
//     "chunk"        half a second of sound was recorded; `detail` is its WAV file, a Blob. The last one
//                    is shorter and comes after the recording is over
window.gradioPatches = (() => {
  const stream = window.gradioStream;
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  // --- The recorder -----------------------------------------------------------------------------
  // Gradio's recorder is loaded in parts. A recording that begins before the last of them would stay
  // empty: the recorder is ready when its worker has answered and has been registered.
  const LONGEST = 60000; // ms, after which the recorder is not waited for
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

  function chunkAnswered(again) {
    stream.need(workers, "worker of its recorder");
    stream.need(pieces, "BlobEvent of its recorder");
    stream.answered(again);
  }

  let open = false;
  let opened = 0; // counts, so that sound knows whether its own microphone is still open

  function streamAsked() {
    open = false;
  }

  function streamOpened() {
    open = true;
    opened += 1;
    header = null;
    taken = Promise.resolve();
    stream.events.dispatchEvent(new Event("opened"));
    const mine = Promise.race([
      new Promise((resolve) => stream.events.addEventListener("chunk", resolve, { once: true })),
      pause(FIRST_CHUNK),
    ]).then(() => {
      if (firstChunk === mine) firstChunk = null;
    });
    firstChunk = mine;
  }

  const RECORD = "#microphone button.record-button";
  const STOP = "#microphone button.stop-button";
  const SPINNER = "#microphone button.spinner-button";

  // Gradio drops what its recorder gives while a stream begins: from its first chunk to the server's
  // word that it is processed, and again after each time limit. It shows a spinner then, and the sound
  // waits here until that is gone, each piece behind the one before.
  const HEADER = 44; // bytes of a WAV file; only the first piece of a recording begins with it
  let header = null; // a Blob
  let pieces = 0;
  let taken = Promise.resolve(); // until Gradio has the piece before
  const begins = () => document.querySelector(SPINNER) !== null;
  const begun = () =>
    new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (begins()) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(document, { childList: true, subtree: true });
    });

  async function bytesInTurn(bytes, before) {
    const mine = opened;
    const read = await bytes; // first, because Gradio must go on as soon as it may
    await before;
    while (begins()) await begun();
    // What is left of a recording that is over must not get into the next one.
    return mine === opened && open ? read : new Promise(() => {});
  }

  window.BlobEvent = class extends window.BlobEvent {
    constructor(type, given) {
      super(type, given);
      pieces += 1;
      const { data } = this;
      const detail = header ? new Blob([header, data]) : data;
      header ??= data.slice(0, HEADER);
      const bytes = bytesInTurn(data.arrayBuffer(), taken);
      taken = bytes;
      data.arrayBuffer = () => bytes;
      stream.events.dispatchEvent(new CustomEvent("chunk", { detail }));
    }
  };

  function pressStop() {
    const button = document.querySelector(`${STOP}, ${SPINNER}`);
    stream.need(button, "button.stop-button");
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
  // Gradio's button to add recordings has a key in place of a name, and a second button inside it.
  const NAMELESS = '[aria-label="common.upload"]';
  function named(button) {
    const inner = button.querySelector("button");
    button.setAttribute("aria-label", "Add recordings");
    button.title = "Add recordings";
    inner.inert = true;
    button.addEventListener("click", ({ target }) => {
      if (!inner.contains(target)) inner.click();
    });
  }
  new MutationObserver(() => {
    document.querySelectorAll(NAMELESS).forEach(named);
    const record = document.querySelector(RECORD);
    if (record && forbidden) record.disabled = true;
    if (!focused || focused.isConnected) return;
    const successor = document.querySelector(`${RECORD}, ${STOP}, ${SPINNER}`);
    if (successor && document.activeElement === document.body) successor.focus();
  }).observe(document, { childList: true, subtree: true });

  return {
    recorderReady,
    streamAsked,
    streamOpened,
    isOpen: () => open,
    streamClosed: stream.closed,
    chunkAnswered,
    pressStop,
    forbidRecord,
    events: stream.events,
  };
})();
