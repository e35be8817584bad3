// Tells while one types whether the editor holds JSON, and where it stops being
// JSON; and that an edit has to be checked. The server decides either way.

const WAIT_MS = 250;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

const editor = document.querySelector("#document");
const said = document.querySelector("#document-said");
const checked = editor?.value;
let timer = 0;

// Browsers do not all say where; so it is looked for here.
function stopsAt(text) {
  let at = 0;
  const take = (token) => {
    token.lastIndex = at;
    const found = token.test(text);
    if (found) at = token.lastIndex;
    return found;
  };
  const next = (sign) => {
    take(SPACE);
    const found = text[at] === sign;
    if (found) at += 1;
    return found;
  };
  const many = (last, one) => {
    if (next(last)) return true;
    do {
      if (!one()) return false;
    } while (next(","));
    return next(last);
  };
  const name = () => (take(SPACE), take(STRING));
  const value = () => {
    if (next("{")) return many("}", () => name() && next(":") && value());
    if (next("[")) return many("]", value);
    return take(STRING) || take(PLAIN);
  };
  if (value()) take(SPACE);
  return at;
}

function place(text) {
  try {
    const before = text.slice(0, stopsAt(text)).split("\n");
    return ` at line ${before.length}, column ${before.at(-1).length + 1}`;
  } catch {
    return ""; // nested too deep to be looked through
  }
}

function tell() {
  const text = editor.value;
  try {
    JSON.parse(text);
    said.textContent = text === checked ? "" : `${editor.dataset.right} ${editor.dataset.edited}`;
  } catch {
    said.textContent = text.trim() ? `${editor.dataset.wrong}${place(text)}.` : "";
  }
}

editor?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(tell, WAIT_MS);
});
