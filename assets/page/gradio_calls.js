// What this page has asked of Gradio's server apart from the sound, for a session that takes the place
// of another one, and what the server's events say. Runs in the head of the page, before
// gradio_stream.js, which sends the requests.
//
// window.gradioCalls:
//   keep(call)         remember a request without a queue: its `resource`, `options` and parsed `body`
//   newest(index)      the last one to that function
//   settingUp(join)    those that set what the function of a join shares with others: its settings
//   queued(response)   remember a request in the queue by the answer to it
//   seen(events)       what these server-sent events, a text, complete: it is forgotten here
//   answers(events, event)  whether these answer a chunk of that stream
//   fits(config)       whether a server with that configuration has the same functions
//   failures()         for those that are left, which nobody answers any more: events that say so
window.gradioCalls = (() => {
  const BROKEN = "The connection broke: drop the recordings in again.";
  const SHOWN = 10; // seconds, as long as Gradio shows an error
  const COMPLETED = /"msg":"process_completed","event_id":"(\w+)"/g;

  const calls = new Map(); // by function
  const open = new Set(); // events

  function keep(call) {
    calls.delete(call.body.fn_index);
    calls.set(call.body.fn_index, call);
  }

  function settingUp({ options }) {
    const index = JSON.parse(options.body).fn_index;
    const { components, dependencies } = window.gradio_config;
    const uses = new Map(dependencies.map(({ id, inputs, outputs }) => [id, [...inputs, ...outputs]]));
    const states = components.filter(({ type }) => type === "state").map(({ id }) => id);
    const shared = states.filter((id) => uses.get(index).includes(id));
    return [...calls.values()].filter(({ body }) => shared.some((id) => uses.get(body.fn_index)?.includes(id)));
  }

  async function queued(response) {
    if (response.ok) open.add((await response.clone().json()).event_id);
    return response;
  }

  function seen(events) {
    const completed = [...events.matchAll(COMPLETED)].map(([, event]) => event);
    for (const event of completed) open.delete(event);
    return completed;
  }

  const answers = (events, event) =>
    ["streaming", "completed"].some((what) => events.includes(`"msg":"process_${what}","event_id":"${event}"`));

  // A server of another version has other functions under the same numbers.
  function fits(config) {
    const shape = ({ version, dependencies }) =>
      JSON.stringify([version, dependencies.map(({ id, inputs, outputs, targets }) => [id, inputs, outputs, targets])]);
    return shape(config) === shape(window.gradio_config);
  }

  function failures() {
    const output = { error: BROKEN, duration: SHOWN, visible: true };
    const failed = [...open].map((event_id) => ({ msg: "process_completed", event_id, output, success: false }));
    open.clear();
    return failed.map((message) => `data: ${JSON.stringify(message)}\n\n`).join("");
  }

  return { keep, newest: (index) => calls.get(index), settingUp, queued, seen, answers, fits, failures };
})();
