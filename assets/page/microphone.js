// Opens the microphone for Gradio, with the browser's processing off, and says why it cannot. Runs in
// the head of the page, before Gradio asks for the microphone. The notices are in notices.html.
(() => {
  const say = (problem) => {
    if (problem) document.documentElement.dataset.microphone = problem;
    else delete document.documentElement.dataset.microphone;
  };
  const devices = navigator.mediaDevices;
  if (!devices) {
    say("insecure");
    return;
  }

  // A frame needs its page's permission, which no setting of the browser can replace.
  const framed = () =>
    window.self !== window.top && !document.featurePolicy?.allowsFeature("microphone");

  const watch = (track) =>
    track.addEventListener("ended", () => {
      say("gone");
      window.undertone?.stopped();
      window.gradioPatches.pressStop();
    });

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
      await window.gradioPatches.recorderReady;
      const stream = await ask(wanted);
      say(null);
      stream.getAudioTracks().forEach(watch);
      return stream;
    } catch (error) {
      const refused = framed() ? "framed" : "refused";
      say({ NotAllowedError: refused, NotFoundError: "missing" }[error.name] ?? "busy");
      window.undertone?.stopped(); // Gradio has said by now that the recording began
      throw error;
    }
  };
})();
