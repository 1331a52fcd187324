// The event stream: reconnects by itself, and says when what is shown is not live.

const RETRY = 2_000; // ms
const ANSWER = 5_000; // ms until a new stream must have sent its first event
const SILENCE = 20_000; // ms after which the stream is asked anew: it may be dead unnoticed

/**
 * Calls `handlers[name](data)` for each event of that name, `onLive` when events arrive
 * (again), and `onLost` when they stop.
 */
export function follow(url, handlers, onLive, onLost) {
  let source;
  let timer;
  let live = false;

  function connect() {
    source?.close();
    source = new EventSource(url);
    source.addEventListener("error", lose);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        hear();
        handle(JSON.parse(event.data));
      });
    }
    expect(ANSWER, lose);
  }

  function hear() {
    expect(SILENCE, connect);
    if (!live) onLive();
    live = true;
  }

  function lose() {
    source.close();
    expect(RETRY, connect);
    live = false;
    onLost();
  }

  function expect(delay, otherwise) {
    clearTimeout(timer);
    timer = setTimeout(otherwise, delay);
  }

  connect();
}
