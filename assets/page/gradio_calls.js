// What this page has asked of Gradio's server apart from the sound, for a session that takes the place
// of another one. Runs in the head of the page, before gradio_stream.js, which sends the requests.
//
// window.gradioCalls:
//   keep(call)         remember a request without a queue: its `resource`, `options` and parsed `body`
//   newest(index)      the last one to that function
//   settingUp(index)   those that set what that function shares with others, such as its settings
//   queued(response)   remember a request in the queue by the answer to it
//   seen(events)       forget those that these server-sent events, a text, complete
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

  function settingUp(index) {
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
    for (const [, event] of events.matchAll(COMPLETED)) open.delete(event);
  }

  function failures() {
    const output = { error: BROKEN, duration: SHOWN, visible: true };
    const failed = [...open].map((event_id) => ({ msg: "process_completed", event_id, output, success: false }));
    open.clear();
    return failed.map((message) => `data: ${JSON.stringify(message)}\n\n`).join("");
  }

  return { keep, newest: (index) => calls.get(index), settingUp, queued, seen, failures };
})();
