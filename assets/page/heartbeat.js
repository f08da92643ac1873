// Keeps this page's session on the server after its connection broke. Gradio's server forgets a
// session, and the results of its analyses, when one long request ends, and Gradio's client makes that
// request once and reads nothing from it. Runs in the head of the served HTML, before Gradio's scripts
// make it.
(() => {
  const AGAIN = 3000; // ms
  const post = window.fetch;

  async function stayKnown(request) {
    while (!request.signal.aborted) {
      try {
        await (await post(request)).body.pipeTo(new WritableStream());
      } catch {} // the connection has broken
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }

  window.fetch = (resource, options) => {
    const asked = resource instanceof Request && /\/heartbeat\/\w+$/.test(new URL(resource.url).pathname);
    if (!asked) return post(resource, options);
    stayKnown(resource);
    return Promise.resolve(new Response(new ReadableStream()));
  };
})();
