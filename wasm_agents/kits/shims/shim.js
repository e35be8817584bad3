// Stands between the host's text and an agent's `execute(input)`: reads and writes JSON,
// and turns whatever is thrown into {"code", "message"}.
import * as agent from "./main.js";

const MOST = 2000;

// There is no clock behind an agent: asking would stop it without a word, so it throws instead.
function noClock() {
  throw Object.assign(new Error("an agent has no clock; send the time with the input"), { code: "no_clock" });
}
globalThis.Date = new Proxy(Date, {
  construct: (kind, given, made) => (given.length === 0 ? noClock() : Reflect.construct(kind, given, made)),
  apply: noClock,
  get: (kind, name) => (name === "now" ? noClock : Reflect.get(kind, name)),
});

// What an agent logs is dropped.
const nothing = () => {};
globalThis.console = { debug: nothing, error: nothing, info: nothing, log: nothing, warn: nothing };

function refusal(thrown) {
  const it = thrown instanceof Error ? thrown : { name: "thrown", message: String(thrown) };
  const said = { code: String(it.code || it.name || "error"), message: String(it.message) };
  said.code = said.code.slice(0, 100);
  said.message = said.message.slice(0, MOST);
  if (it.retryable === true) said.retryable = true;
  return JSON.stringify(said);
}

// What the host gives a thrown text back as.
function fail(text) {
  throw { payload: text };
}

export function execute(text) {
  let answer;
  try {
    answer = JSON.stringify(agent.execute(JSON.parse(text)));
  } catch (thrown) {
    fail(refusal(thrown));
  }
  if (answer === undefined) fail(JSON.stringify({ code: "not_json", message: "execute returned no JSON value" }));
  return answer;
}
