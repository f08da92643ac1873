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
    window.gradioPatches.forbidRecord();
    return;
  }

  // Only Chromium says what the page around this one allows; elsewhere, a refusal inside of one may
  // have either reason, and the notice names both.
  const policy = document.featurePolicy;
  const framed = window !== window.top && !policy?.allowsFeature("microphone");
  if (framed && policy) {
    say("framed");
    window.gradioPatches.forbidRecord();
  }

  const problemOf = ({ name }) => {
    if (name === "NotAllowedError") return framed ? "framed" : "refused";
    return name === "NotFoundError" ? "missing" : "busy";
  };

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
    say(null);
    window.gradioPatches.streamAsked();
    await window.gradioPatches.recorderReady;
    let stream;
    try {
      stream = await ask(wanted);
    } catch (error) {
      say(problemOf(error));
      window.undertone?.stopped(); // Gradio has said by now that the recording began
      return null; // without a stream and without an error, Gradio's recorder rests and says nothing
    }
    // Not when the recording ends, only when the microphone is unplugged or taken away.
    stream.getAudioTracks()[0]?.addEventListener("ended", () => {
      say("gone");
      window.gradioPatches.pressStop();
    });
    window.gradioPatches.streamOpened();
    return stream;
  };
})();
