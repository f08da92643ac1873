// The newest chunks of sound that this page has uploaded, for a server that starts anew without them.
// Runs in the head of the page, before gradio_stream.js, which sends the requests.
//
// window.gradioUploads:
//   upload(resource, options)  send a chunk, and keep it
//   broken()          the connection has broken: the server may be another one, without the chunks
//   stillThere(body)  the body of a request, with its chunk uploaded again if that was before the break
window.gradioUploads = (() => {
  const KEPT = 4; // uploads; only the newest one or two are needed

  const post = window.fetch;
  const kept = new Map(); // by path on the server: the upload, and after which break it was
  let breaks = 0;

  async function upload(resource, options) {
    const response = await post(resource, options);
    if (response.ok) {
      const [path] = await response.clone().json();
      kept.set(path, { resource, options, breaks });
      for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old);
    }
    return response;
  }

  async function stillThere(body) {
    for (const [path, one] of kept) {
      const name = JSON.stringify(path);
      if (one.breaks === breaks || !body.includes(name)) continue;
      const [again] = await (await post(one.resource, one.options)).json();
      return body.replaceAll(name, JSON.stringify(again));
    }
    return body;
  }

  const broken = () => {
    breaks += 1;
  };

  return { upload, broken, stillThere };
})();
