// A reader of the server-sent events of a response, which gives whole ones only. Runs in the head of the
// page.
window.wholeEvents = (response) => {
  let rest = "";
  const whole = new TransformStream({
    transform(text, controller) {
      const end = (rest + text).lastIndexOf("\n\n") + 2;
      if (end > 1) controller.enqueue((rest + text).slice(0, end));
      rest = (rest + text).slice(end > 1 ? end : 0);
    },
  });
  return response.body.pipeThrough(new TextDecoderStream()).pipeThrough(whole).getReader();
};
