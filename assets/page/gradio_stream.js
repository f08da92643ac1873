// How the sound of a recording reaches the server through Gradio's client, which sends a chunk once
// and gives up a session whose connection breaks. Runs in the head of the page.
//
// window.gradioStream:
//   closed()      the recording is over: of what waits here nothing more is read
//   answered(again)  the server has answered a chunk: the next one may be announced; or, if `again`,
//                 it could not take the chunk yet
//   need(found, name)  fail with a sentence where Gradio has another shape than expected
//   events        an EventTarget:
//     "offline"   the server cannot be reached; chunks wait here
//     "online"    it can
//     "lost"      Gradio has given up this page's session, and loads the page anew when it can
window.gradioStream = (() => {
  const PATIENCE = 3000; // ms, after which an answer that the page does not show is given up
  const AGAIN = 500; // ms between two attempts to reach the server
  const DISPATCH = 1000; // ms that Gradio may take from an upload to its announcement

  const events = new EventTarget();
  const emit = (name) => events.dispatchEvent(new Event(name));
  // A proxy answers so in place of a server that it cannot reach.
  const isAway = ({ status }) => [502, 503, 504].includes(status);
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  // A name that is gone would lose sound without a sign.
  const need = (found, name) => {
    if (found) return;
    const version = window.gradio_config?.version;
    document.documentElement.dataset.microphone = "outdated";
    throw new Error(`Gradio ${version} has no ${name}, which this page uses: install the version that requirements.txt names.`);
  };

  // --- One chunk after another ------------------------------------------------------------------
  // Gradio's server keeps only the newest chunk that it has not taken yet. So that no sound is lost
  // when server or page is behind, chunks go one by one: the next is uploaded when the one before has
  // been announced, and announced when the one before has been answered. While there is no
  // connection, they wait.
  const post = window.fetch;
  const asked = window.gradioCalls;
  const chunks = window.gradioUploads;
  let uploads = 0;
  let announcements = 0;
  let uploaded = Promise.resolve();
  let before = Promise.resolve(); // the answer to the last announcement
  let answer = () => {};
  let answerMayBeMissing = () => {};
  let announced = () => {};
  let recording = 0; // counts, so that a chunk knows whether its own goes on
  let reachable = true;
  let lost = false;

  function reached(now) {
    forgotten ||= !now;
    if (now === reachable) return;
    reachable = now;
    emit(now ? "online" : "offline");
  }

  // `make` is asked anew for each attempt: the connection may have broken between two.
  async function untilReached(make) {
    const mine = recording;
    while (mine === recording && !lost) {
      try {
        const response = await make();
        if (!isAway(response)) {
          reached(true);
          return response;
        }
      } catch (error) {
        if (error.name !== "TypeError") throw error;
      }
      reached(false);
      await pause(AGAIN);
    }
    throw new TypeError("The recording is over.");
  }

  function isChunk({ pathname, search }, body) {
    if (!pathname.endsWith("/upload") || search || !(body instanceof FormData)) return false;
    const [file, more] = body.getAll("files");
    return file?.name === "audio.wav" && !more;
  }
  const isJoin = (path) => path.endsWith("/queue/join");
  const announces = (path, body) =>
    /\/stream\/\w+$/.test(path) || (isJoin(path) && /"is_stream":true/.test(body));

  function upload(resource, options) {
    uploads += 1;
    const mine = recording;
    const sent = uploaded.then(() =>
      mine === recording
        ? untilReached(() => chunks.upload(resource, options))
        : Promise.reject(new TypeError()),
    );
    uploaded = sent.then(
      () =>
        Promise.race([
          new Promise((resolve) => {
            announced = resolve;
          }),
          pause(DISPATCH),
        ]),
      () => {},
    );
    // Gradio has no answer to an error here; without a file it does nothing.
    return sent.catch((error) => {
      if (mine === recording && !lost) throw error;
      return new Response("[]");
    });
  }

  function announce(resource, options) {
    announcements += 1;
    announced();
    const mine = { resource, options, recording, joined: false };
    const earlier = before;
    let next;
    before = new Promise((resolve) => {
      next = resolve;
    });
    return earlier.then(async () => {
      unanswered = mine;
      let patience;
      // Only of a chunk that the server has taken: while one waits there, another would replace it.
      answerMayBeMissing = () => {
        clearTimeout(patience);
        patience = setTimeout(taken, PATIENCE);
      };
      const taken = () => {
        if (unanswered === mine) unanswered = null;
        next();
      };
      const send = async () => {
        clearTimeout(patience);
        if (mine.recording !== recording) {
          next();
          return new Response("{}"); // the server has closed the stream of this recording
        }
        try {
          const response = await untilReached(() => sent(mine));
          if (!response.ok) next(); // the recording is over
          else if (!goesOn() || stream.over) answerMayBeMissing();
          return response;
        } catch (error) {
          next();
          throw error;
        }
      };
      answer = (again) => {
        clearTimeout(patience);
        if (again) {
          mine.joined = false;
          return pause(AGAIN).then(send).catch(() => {});
        }
        taken();
      };
      return send();
    });
  }

  // --- A connection that breaks -----------------------------------------------------------------
  // When a network changes or a server starts anew, the stream of answers breaks. Gradio would give
  // the session up and load the page anew, without the sound that waits here. Instead the stream of
  // the recording is joined again, on the server as another session. Gradio's client does not notice:
  // it goes on to read one stream of answers to one event.
  let stream = null; // of the recording: how it was joined, and its names for Gradio and the server
  let broken = null; // a promise, until the stream has been joined again
  let forgotten = false; // by the server, what it knew of this recording, as far as the page can know
  let reading = false; // Gradio a stream of answers; when it has ended, it asks for another one
  let unanswered = null; // the announcement that the server may not have got

  const goesOn = () => stream?.recording === recording && !lost;

  // Send an announcement, to the stream as the server knows it.
  async function sent(announcement) {
    await broken;
    if (announcement.joined) return new Response("{}"); // it was sent when the stream was joined again
    const { resource, options } = announcement;
    const join = isJoin(new URL(resource, location).pathname);
    if (join && stream?.options !== options) {
      const session = goesOn() && forgotten ? await sessionOfNext(options) : null;
      const response = await post(resource, session ? { ...options, body: inSession(session, options.body) } : options);
      if (response.ok) {
        const { event_id: event } = await response.clone().json();
        stream = { recording, resource, options, event, renamed: event, session, over: false };
      }
      return response;
    }
    // The first chunk comes with the request that joins, and may be announced again like any other.
    const address = join ? resource.replace(/queue\/join.*/, `stream/${stream.event}`) : resource;
    if (!stream?.session) return post(address, options);
    return post(renamed(address), { ...options, body: inSession(stream.session, await chunks.stillThere(options.body)) });
  }

  // The session in which a recording goes on that has reached Gradio's time limit after a break: still
  // the other one while Gradio reads its answers, as it does when it waits for more than the recording.
  // Otherwise the page's own (null), which lost its settings in the break.
  async function sessionOfNext(options) {
    if (reading && stream.session) return stream.session;
    await setUp(JSON.parse(options.body).session_hash);
    forgotten = false;
    return null;
  }

  const inSession = (session_hash, body) => JSON.stringify({ ...JSON.parse(body), session_hash });

  const renamed = (resource) => String(resource).replace(stream.event, stream.renamed);

  // A session that knows nothing of the recording yet, such as its settings, would take the default ones.
  async function setUp(session_hash) {
    for (const { resource, options } of asked.settingUp(stream)) {
      await post(resource, { ...options, body: inSession(session_hash, options.body) });
    }
  }

  // A call that is no chunk waits for a broken connection, because Gradio would load the page anew and
  // with it drop the sound; and it goes to the session whose answers are read.
  async function called({ fn_index }, resource, options) {
    const sets = asked.settingUp(stream).some(({ body }) => body.fn_index === fn_index);
    const mine = recording;
    try {
      return await untilReached(async () => {
        await broken;
        const newest = sets ? asked.newest(fn_index).options : options;
        return post(resource, stream.session ? { ...newest, body: inSession(stream.session, newest.body) } : newest);
      });
    } catch (error) {
      if (!sets || mine === recording || lost) throw error;
      return new Response('{"data": []}'); // the next recording begins with the settings as they are then
    }
  }

  async function isSamePage() {
    const response = await post(`${window.gradio_config.root}/config`);
    if (isAway(response)) throw new TypeError("no server");
    return response.ok && asked.fits(await response.json());
  }

  async function joined(signal) {
    const { resource, options } = stream;
    const body = JSON.parse(options.body);
    const session_hash = crypto.getRandomValues(new Uint32Array(2)).join("");
    await setUp(session_hash);
    const chunk = unanswered;
    const { data } = JSON.parse(await chunks.stillThere(chunk.options.body));
    const response = await post(resource, {
      ...options,
      body: JSON.stringify({ ...body, data, session_hash }),
    });
    if (isAway(response)) throw new TypeError("no server");
    if (!response.ok) return null;
    const { event_id } = await response.json();
    Object.assign(stream, { renamed: event_id, session: session_hash });
    chunk.joined = true;
    const at = (path) => String(resource).replace(/queue\/join.*/, path);
    // The server forgets a session when this request ends: the new one with the recording. Of the
    // page's own, heartbeat.js takes care.
    post(at(`heartbeat/${session_hash}`), { signal }).catch(() => {});
    return post(at(`queue/data?session_hash=${session_hash}`), { signal });
  }

  // Join the stream of the recording again. Null if the recording is over, or if the server is another
  // one, which Gradio finds out and loads.
  async function joinedAgain(signal) {
    chunks.broken();
    reached(false);
    while (goesOn()) {
      await pause(AGAIN);
      if (!unanswered) continue; // there is a chunk each half second
      try {
        if (!(await isSamePage())) return null;
        const answers = await joined(signal);
        reached(true);
        return answers;
      } catch (error) {
        if (error.name !== "TypeError") throw error;
      }
    }
    return null;
  }

  function mended(signal) {
    const again = joinedAgain(signal);
    broken = again.then(
      () => {},
      () => {},
    );
    return again.finally(() => {
      broken = null;
    });
  }

  // Gradio's stream of answers, which goes on after a break.
  async function answersOf(request) {
    const response = await post(request);
    if (!response.ok || !response.body) return response;
    const heartbeats = new AbortController();
    const { signal } = heartbeats;
    request.signal.addEventListener("abort", () => heartbeats.abort());
    let reader = window.wholeEvents(response);
    let complete = false;
    reading = true;
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        let failure = new TypeError("network error");
        try {
          const { done, value } = await reader.read();
          if (!done) {
            if (asked.seen(value).includes(stream?.renamed)) stream.over = true;
            // A chunk that failed or changed nothing has an answer here and none in the page.
            if (asked.answers(value, stream?.renamed)) answerMayBeMissing();
            complete ||= value.includes('"close_stream"');
            if (complete) reading = false;
            const text = stream?.renamed ? value.replaceAll(stream.renamed, stream.event) : value;
            return controller.enqueue(encoder.encode(text));
          }
          if (complete) return controller.close();
        } catch (error) {
          failure = error;
        }
        // After the last answer, Gradio's client ends this stream itself, often before it is closed here.
        if (complete || failure.name === "AbortError") return controller.error(failure);
        // A stream that has reached its time limit is joined by Gradio.
        const over = goesOn() && stream.over;
        const again = goesOn() && !over ? await mended(signal) : null;
        if (!again?.ok) {
          heartbeats.abort();
          reading = false;
          if (over) controller.enqueue(encoder.encode(asked.failures()));
          // An error would say no more than the first of these to Gradio's client, which would then
          // take this stream for open and read no other.
          for (const msg of over ? ["close_stream"] : ["broken_connection", "close_stream"]) {
            controller.enqueue(encoder.encode(`data: ${JSON.stringify({ msg, message: failure.message })}\n\n`));
          }
          return controller.close();
        }
        reader = window.wholeEvents(again);
        controller.enqueue(encoder.encode(asked.failures()));
        return this.pull(controller);
      },
      cancel(reason) {
        heartbeats.abort();
        return reader.cancel(reason);
      },
    });
    const { status, headers } = response;
    return new Response(body, { status, headers });
  }

  window.fetch = (resource, options) => {
    const url = new URL(resource.url ?? resource, location);
    if (isChunk(url, options?.body)) return upload(resource, options);
    if (announces(url.pathname, options?.body)) return announce(url.href, options);
    if (stream?.renamed && url.pathname.endsWith(`/stream/${stream.event}/close`)) {
      return post(renamed(resource), options);
    }
    if (url.pathname.endsWith("/queue/data") && resource instanceof Request) return answersOf(resource);
    const runs = /\/run\/\w+$/.test(url.pathname);
    if ((runs || isJoin(url.pathname)) && typeof options?.body === "string") {
      const body = JSON.parse(options.body);
      if (runs) asked.keep({ resource, options, body });
      const sent = goesOn() ? called(body, resource, options) : post(resource, options);
      return runs ? sent : sent.then(asked.queued);
    }
    // Gradio asks for it when its connection has broken, until there is an answer.
    if (url.pathname.endsWith("/app_id") && !lost) {
      lost = true;
      emit("lost");
    }
    return post(resource, options);
  };

  function answered(again) {
    need(uploads, "request to /upload");
    need(announcements, "request to /stream or /queue/join with is_stream");
    answer(again);
  }

  function closed() {
    recording += 1;
    forgotten = false;
    announced();
    answer(); // so that the first chunk of the next recording waits for nothing
  }

  return { closed, answered, need, events };
})();
