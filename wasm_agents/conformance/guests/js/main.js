// The conformance guest in JavaScript: one operation a call, named by `op`.

let calls = 0;

class UnknownOp extends Error {
  code = "unknown_op";
}

function kind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function length({ text }) {
  let found = 0;
  for (const _ of text) found++;
  return found;
}

function fail({ code, message, retryable }) {
  throw Object.assign(new Error(message), { code, retryable });
}

// There is no clock behind a guest: the language's own way to ask for one, kept from before the kit
// answers in its place, stops the guest.
const ask = Date.now;
const crash = () => ask();

function eat() {
  const held = [];
  for (const size of [1 << 20, 1 << 16, 1 << 12, 1 << 8]) {
    try {
      for (;;) held.push(new Uint8Array(size).fill(1));
    } catch {
      continue;
    }
  }
  return crash();
}

function recurse(given) {
  return [recurse(given)];
}

const OPERATIONS = new Map([
  ["echo", ({ value }) => value],
  ["kind", ({ value }) => kind(value)],
  ["length", length],
  ["codes", ({ text }) => [...text].map((c) => c.codePointAt(0))],
  ["chars", ({ codes }) => codes.map((c) => String.fromCodePoint(c)).join("")],
  ["keys", ({ value }) => Object.keys(value)],
  ["count", ({ value }) => Object.keys(value).length],
  ["sum", ({ numbers }) => numbers.reduce((a, b) => a + b, 0)],
  ["flood", ({ bytes }) => "x".repeat(bytes)],
  ["not_json", () => undefined],
  ["crash", crash],
  ["fail", fail],
  ["spin", () => { for (;;); }],
  ["eat", eat],
  ["recurse", recurse],
  ["bump", () => ++calls],
]);

export function execute(input) {
  const op = OPERATIONS.get(input?.op);
  if (op === undefined) throw new UnknownOp("op is missing or unknown");
  return op(input);
}
