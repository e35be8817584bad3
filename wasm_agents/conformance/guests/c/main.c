/* The conformance guest in C: one operation a call, named by `op`.
 *
 * Members are found by scanning, so that what is echoed keeps its own bytes:
 * the strings of json.h are decoded in place.
 */
#include "agent.h"
#include "json.h"

typedef struct {
  uint8_t *at, *end;
} piece;

static uint32_t calls;

static uint32_t length_of(piece s) { return (uint32_t)(s.end - s.at); }

static int is_text(const void *a, uint32_t length, const char *b) {
  uint32_t i = 0;
  while (i < length && b[i] && ((const uint8_t *)a)[i] == (uint8_t)b[i]) i++;
  return i == length && b[i] == 0;
}

/* Move past one value without changing it; the host has checked that it is JSON. */
static void pass_value(reader *r) {
  int depth = 0, in_string = 0;
  skip_space(r);
  for (; r->at < r->end; r->at++) {
    uint8_t c = *r->at;
    if (in_string) {
      if (c == '\\') r->at++;
      else if (c == '"') in_string = 0;
      if (!in_string && c == '"' && depth == 0) {
        r->at++;
        return;
      }
      continue;
    }
    if (depth == 0 && (c == ',' || c == ']' || c == '}')) return;
    if (c == '"') in_string = 1;
    else if (c == '[' || c == '{') depth++;
    else if ((c == ']' || c == '}') && --depth == 0) {
      r->at++;
      return;
    }
  }
  if (depth || in_string) r->bad = 1;
}

static piece next_value(reader *r) {
  piece found;
  skip_space(r);
  found.at = r->at;
  pass_value(r);
  found.end = r->at < r->end ? r->at : r->end;
  while (found.end > found.at && (found.end[-1] == ' ' || found.end[-1] == '\n' || found.end[-1] == '\t' || found.end[-1] == '\r'))
    found.end--;
  if (found.at == found.end) r->bad = 1;
  return found;
}

/* Find a argument of the object; its name is compared as it is decoded. Names are decoded in place,
 * which is done once: no later scan reads them again, except to pass them. */
static piece argument(piece object, const char *name) {
  piece found = {0, 0};
  reader r = {object.at, object.end, 0};
  expect(&r, '{');
  if (next_is(&r, '}')) return found;
  do {
    skip_space(&r);
    piece quoted = next_value(&r);
    if (r.bad || *quoted.at != '"') return (piece){0, 0};
    uint8_t *copied = take(length_of(quoted));
    if (!copied) return (piece){0, 0};
    copy(copied, quoted.at, length_of(quoted));
    reader key = {copied + 1, copied + length_of(quoted), 0};
    string label = read_string(&key);
    expect(&r, ':');
    piece value = next_value(&r);
    if (!r.bad && !key.bad && is_text(label.bytes, label.length, name)) found = value;
  } while (next_is(&r, ','));
  expect(&r, '}');
  return r.bad ? (piece){0, 0} : found;
}

static string decoded(piece value) {
  string none = {0, 0};
  if (!value.at || *value.at != '"') return none;
  reader r = {value.at + 1, value.end, 0};
  return read_string(&r);
}

static int64_t number_of(piece value) {
  int negative = value.at < value.end && *value.at == '-';
  uint64_t found = 0;
  for (uint8_t *at = value.at + negative; at < value.end; at++) found = found * 10u + (uint64_t)(*at - '0');
  return negative ? -(int64_t)found : (int64_t)found;
}

static void put_wide(buffer *out, int64_t value) {
  uint8_t digits[20];
  uint32_t at = sizeof digits;
  uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  if (value < 0) PUT(out, "-");
  do digits[--at] = (uint8_t)('0' + left % 10u);
  while (left /= 10u);
  put(out, digits + at, (uint32_t)sizeof digits - at);
}

static void put_character(buffer *out, uint32_t c) {
  static const char hex[] = "0123456789abcdef";
  uint8_t bytes[6] = {'\\', 'u', '0', '0', (uint8_t)hex[c >> 4 & 15], (uint8_t)hex[c & 15]};
  if (c < 32) {
    put(out, bytes, 6);
    return;
  }
  if (c == '"' || c == '\\') PUT(out, "\\");
  put(out, bytes, (uint32_t)(write_utf8(bytes, c) - bytes));
}

static uint32_t code_point(string text, uint32_t *at) {
  uint8_t c = text.bytes[(*at)++];
  if (c < 0x80) return c;
  uint32_t more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
  uint32_t found = c & (0x3Fu >> more);
  while (more--) found = found << 6 | (text.bytes[(*at)++] & 0x3Fu);
  return found;
}

static const char *kind_of(piece value) {
  switch (*value.at) {
    case '"': return "\"string\"";
    case '[': return "\"array\"";
    case '{': return "\"object\"";
    case 'n': return "\"null\"";
    case 't':
    case 'f': return "\"boolean\"";
    default: return "\"number\"";
  }
}

static void put_c(buffer *out, const char *text) {
  while (*text) put(out, text++, 1);
}

static void put_span(buffer *out, piece s) { put(out, s.at, length_of(s)); }

typedef void each(buffer *out, piece value, uint32_t number, void *held);

/* Visit the items of an array, or the names of an object; return how many. */
static uint32_t each_piece(buffer *out, piece of, each *visitor, void *held) {
  uint32_t number = 0;
  uint8_t close = *of.at == '{' ? '}' : ']';
  reader r = {of.at + 1, of.end, 0};
  if (next_is(&r, close)) return 0;
  do {
    piece value;
    if (close == '}') {
      value = next_value(&r);
      expect(&r, ':');
      next_value(&r);
    } else {
      value = next_value(&r);
    }
    if (visitor) visitor(out, value, number, held);
    number++;
  } while (next_is(&r, ','));
  return number;
}

static void put_item(buffer *out, piece value, uint32_t number, void *held) {
  (void)held;
  if (number) PUT(out, ",");
  put_span(out, value);
}

static void put_code(buffer *out, piece value, uint32_t number, void *held) {
  (void)number, (void)held;
  put_character(out, (uint32_t)number_of(value));
}

static void add_number(buffer *out, piece value, uint32_t number, void *held) {
  (void)out, (void)number;
  *(int64_t *)held += number_of(value);
}

static void put_codes(buffer *out, string text) {
  PUT(out, "[");
  for (uint32_t at = 0; at < text.length;) {
    if (at) PUT(out, ",");
    put_number(out, code_point(text, &at));
  }
  PUT(out, "]");
}

static void put_length(buffer *out, string text) {
  uint32_t characters = 0;
  for (uint32_t i = 0; i < text.length; i++) characters += (text.bytes[i] & 0xC0) != 0x80;
  put_number(out, characters);
}

static void flood(buffer *out, int64_t bytes) {
  PUT(out, "\"");
  for (int64_t i = 0; i < bytes && !out->failed; i++) put(out, "x", 1);
  PUT(out, "\"");
}

static _Noreturn void spin(void) {
  volatile uint32_t turns = 0;
  for (;;) turns++;
}

static _Noreturn void eat(void) {
  volatile uint8_t *block;
  while ((block = take(PAGE))) *block = 1;
  __builtin_trap();
}

static uint32_t recurse(uint32_t depth) {
  volatile uint8_t held[256];
  held[depth & 255] = (uint8_t)depth;
  return recurse(depth + 1) + held[depth & 255];
}

static void fail(buffer *out, piece input) {
  piece retryable = argument(input, "retryable");
  PUT(out, "{\"error\":{\"code\":");
  put_span(out, argument(input, "code"));
  PUT(out, ",\"message\":");
  put_span(out, argument(input, "message"));
  if (retryable.at && *retryable.at == 't') PUT(out, ",\"retryable\":true");
  PUT(out, "}}");
}

/* Append the value of what needs no argument but a list, a text or a value; return 0 for no such operation. */
static int perform(buffer *out, string op, piece input) {
  piece value = argument(input, "value"), text = argument(input, "text");
  int64_t total = 0;
  if (is_text(op.bytes, op.length, "echo") && value.at) put_span(out, value);
  else if (is_text(op.bytes, op.length, "kind") && value.at) put_c(out, kind_of(value));
  else if (is_text(op.bytes, op.length, "length")) put_length(out, decoded(text));
  else if (is_text(op.bytes, op.length, "codes")) put_codes(out, decoded(text));
  else if (is_text(op.bytes, op.length, "chars")) {
    PUT(out, "\"");
    each_piece(out, argument(input, "codes"), put_code, 0);
    PUT(out, "\"");
  } else if (is_text(op.bytes, op.length, "keys") && value.at) {
    PUT(out, "[");
    each_piece(out, value, put_item, 0);
    PUT(out, "]");
  } else if (is_text(op.bytes, op.length, "count") && value.at) put_number(out, each_piece(out, value, 0, 0));
  else if (is_text(op.bytes, op.length, "sum")) {
    each_piece(out, argument(input, "numbers"), add_number, &total);
    put_wide(out, total);
  } else if (is_text(op.bytes, op.length, "flood")) flood(out, number_of(argument(input, "bytes")));
  else if (is_text(op.bytes, op.length, "bump")) put_number(out, ++calls);
  else if (is_text(op.bytes, op.length, "recurse")) put_number(out, recurse(1));
  else return 0;
  return 1;
}

static void answer(const uint8_t *given, uint32_t length, buffer *out) {
  piece input = {(uint8_t *)(uintptr_t)given, (uint8_t *)(uintptr_t)given + length};
  string op = decoded(argument(input, "op"));
  uint32_t start = out->length;
  if (is_text(op.bytes, op.length, "crash")) __builtin_trap();
  if (is_text(op.bytes, op.length, "spin")) spin();
  if (is_text(op.bytes, op.length, "eat")) eat();
  if (is_text(op.bytes, op.length, "fail")) {
    fail(out, input);
    return;
  }
  if (is_text(op.bytes, op.length, "not_json")) {
    PUT(out, "{\"ok\":nope}");
    return;
  }
  if (is_text(op.bytes, op.length, "not_utf8")) {
    PUT(out, "{\"ok\":\"\xff\"}");
    return;
  }
  PUT(out, "{\"ok\":");
  if (op.length == 0 || !perform(out, op, input)) {
    out->length = start;
    FAIL(out, "unknown_op", "op is missing or unknown");
    return;
  }
  PUT(out, "}");
}
