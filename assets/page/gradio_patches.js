// Everything that the page knows of Gradio's insides in the browser; app/ui/gradio_patches.py is its
// part in Python. Runs in the head of the page, before Gradio asks for the microphone.
//
// window.gradioPatches:
//   recorderReady   a promise, resolved when Gradio's recorder can take sound
//   chunkAnswered() the server has answered a chunk of the recording: the next one may be announced
//   pressStop()     end the recording as its button does
window.gradioPatches = (() => {
  const PATIENCE = 3000; // ms, after which an answer is given up

  // A name that is gone would lose sound without a sign.
  const need = (found, name) => {
    if (found) return;
    const version = window.gradio_config?.version;
    document.documentElement.dataset.microphone = "outdated";
    throw new Error(`Gradio ${version} has no ${name}, which this page uses: install the version that requirements.txt names.`);
  };

  // Gradio's server keeps only the newest chunk that it has not taken yet. So that no sound is lost
  // when it is behind, a chunk is announced when the one before has been answered; uploads go ahead,
  // in their order.
  const post = window.fetch;
  let uploads = 0;
  let announcements = 0;
  let uploaded = Promise.resolve();
  let answered = Promise.resolve();
  let answer = () => {};
  const announces = (path, body) =>
    /\/stream\/\w+$/.test(path) || (path.endsWith("/queue/join") && /"is_stream":true/.test(body));

  window.fetch = (resource, options) => {
    const { pathname } = new URL(resource.url ?? resource, location);
    if (pathname.endsWith("/upload")) {
      uploads += 1;
      const upload = uploaded.then(() => post(resource, options));
      uploaded = upload.catch(() => {}); // the caller gets the error
      return upload;
    }
    if (!announces(pathname, options?.body)) return post(resource, options);
    announcements += 1;
    const before = answered;
    let next;
    answered = new Promise((resolve) => {
      next = resolve;
    });
    return before.then(async () => {
      answer = next;
      setTimeout(next, PATIENCE);
      const response = await post(resource, options);
      if (!response.ok) next(); // the recording is over
      return response;
    });
  };

  function chunkAnswered() {
    need(workers, "worker of its recorder");
    need(uploads, "request to /upload");
    need(announcements, "request to /stream or /queue/join with is_stream");
    answer();
  }

  // Gradio's recorder is loaded in parts. A recording that begins before the last of them would stay
  // empty: the recorder is ready when its worker has answered and has been registered.
  const LONGEST = 10000; // ms, after which the recorder is not waited for
  const SETTLED = 250; // ms
  let workers = 0;
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
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

  function pressStop() {
    const button = document.querySelector("#microphone button.stop-button");
    need(button, "button.stop-button");
    button.click();
  }

  return { recorderReady, chunkAnswered, pressStop };
})();
