// Runs in the head of the page, before Gradio asks for the microphone.
(() => {
  // Gradio's server keeps only the newest chunk that it has not taken yet. So that no sound is lost
  // when it is behind, a chunk is announced when the one before has been answered; uploads go ahead,
  // in their order.
  const PATIENCE = 3000; // ms, after which an answer is given up
  const post = window.fetch;
  let uploaded = Promise.resolve();
  let answered = Promise.resolve();
  let answer = () => {};
  const announces = (path, body) =>
    /\/stream\/\w+$/.test(path) || (path.endsWith("/queue/join") && /"is_stream":true/.test(body));

  window.fetch = (resource, options) => {
    const { pathname } = new URL(resource.url ?? resource, location);
    if (pathname.endsWith("/upload")) {
      const upload = uploaded.then(() => post(resource, options));
      uploaded = upload.catch(() => {}); // whoever asked for it is told
      return upload;
    }
    if (!announces(pathname, options?.body)) return post(resource, options);
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
  window.chunkAnswered = () => answer();

  // Gradio's recorder comes in parts. Who presses record before the last of them would be recorded
  // by nobody: the microphone is opened when its worker has answered and has been made known.
  const LONGEST = 10000; // ms, after which the recorder is not waited for
  const SETTLED = 250; // ms
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const answers = new Promise((resolve) => {
    window.Worker = class extends window.Worker {
      constructor(...given) {
        super(...given);
        this.addEventListener("message", resolve, { once: true });
      }
    };
  });
  const recorder = Promise.race([answers.then(() => pause(SETTLED)), pause(LONGEST)]);

  const say = (problem) => {
    if (problem) document.documentElement.dataset.microphone = problem;
    else delete document.documentElement.dataset.microphone;
  };
  const devices = navigator.mediaDevices;
  if (!devices) {
    say("insecure");
    return;
  }

  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const wanted = { ...constraints };
    if (wanted.audio) {
      // What browsers do to calls changes the level and the colour of a voice.
      wanted.audio = {
        ...(wanted.audio === true ? {} : wanted.audio),
        echoCancellation: false,
        noiseSuppression: false,
        autoGainControl: false,
      };
    }
    try {
      await recorder;
      const stream = await ask(wanted);
      say(null);
      return stream;
    } catch (error) {
      say({ NotAllowedError: "refused", NotFoundError: "missing" }[error.name] ?? "busy");
      window.undertone?.stopped(); // Gradio has said by now that the recording began
      throw error;
    }
  };
})();
