/* A strict reader of one JSON object's members that are strings or lists of them; decodes in place.
 *
 * The input must be valid UTF-8 (the host sends nothing else). Escapes, surrogate
 * pairs and nesting are checked; a lone surrogate is refused.
 */
#ifndef AGENT_JSON_H
#define AGENT_JSON_H

#include "agent.h"

#define MAX_DEPTH 128

/* A cursor; `bad` is set once, by whatever was not JSON, and nothing is read after. */
typedef struct {
  uint8_t *at, *end;
  int bad;
} reader;

typedef struct {
  uint8_t *bytes;
  uint32_t length;
} string;

static void skip_space(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static int next_is(reader *r, uint8_t wanted) {
  skip_space(r);
  if (r->bad || r->at == r->end || *r->at != wanted) return 0;
  r->at++;
  return 1;
}

static void expect(reader *r, uint8_t wanted) {
  if (!next_is(r, wanted)) r->bad = 1;
}

static uint32_t read_hex4(reader *r) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t c = r->at < r->end ? *r->at++ : 0;
    uint8_t low = c | 32;
    if (c >= '0' && c <= '9') value = value << 4 | (uint32_t)(c - '0');
    else if (low >= 'a' && low <= 'f') value = value << 4 | (uint32_t)(low - 'a' + 10);
    else r->bad = 1;
  }
  return value;
}

/* Read what follows "\u": one code point, of two escapes when the first is a high surrogate. */
static uint32_t read_code_point(reader *r) {
  uint32_t high = read_hex4(r);
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u') {
    r->bad = 1;
    return 0;
  }
  r->at += 2;
  uint32_t low = read_hex4(r);
  if (low < 0xDC00 || low > 0xDFFF) r->bad = 1;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static uint8_t *write_utf8(uint8_t *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (uint8_t)c;
    return to;
  }
  if (c < 0x800) {
    *to++ = (uint8_t)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *to++ = (uint8_t)(0xE0 | c >> 12);
    } else {
      *to++ = (uint8_t)(0xF0 | c >> 18);
      *to++ = (uint8_t)(0x80 | (c >> 12 & 63));
    }
    *to++ = (uint8_t)(0x80 | (c >> 6 & 63));
  }
  *to++ = (uint8_t)(0x80 | (c & 63));
  return to;
}

static uint8_t *write_escape(reader *r, uint8_t *to) {
  static const uint8_t names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  uint8_t c = r->at < r->end ? *r->at++ : 0;
  if (c == 'u') return write_utf8(to, read_code_point(r));
  for (uint32_t i = 0; i < sizeof names - 1; i++)
    if (names[i] == c) {
      *to++ = meant[i];
      return to;
    }
  r->bad = 1;
  return to;
}

/* Read a string whose opening quote was read. No escape is shorter than what
 * it stands for, so the decoded bytes fit where the encoded ones were. */
static string read_string(reader *r) {
  string found = {r->at, 0};
  uint8_t *to = r->at;
  while (!r->bad) {
    uint8_t c = r->at < r->end ? *r->at++ : 0;
    if (c == '"') break;
    if (c < 32) r->bad = 1;
    else if (c == '\\') to = write_escape(r, to);
    else *to++ = c;
  }
  found.length = (uint32_t)(to - found.bytes);
  return found;
}

/* Skip a number or a word; the host has checked it, so only its end matters. */
static void skip_atom(reader *r) {
  uint8_t *start = r->at;
  while (r->at < r->end) {
    uint8_t c = *r->at, low = c | 32;
    if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'z') || c == '+' || c == '-' || c == '.')) break;
    r->at++;
  }
  if (r->at == start) r->bad = 1;
}

static void skip_value(reader *r, int depth) {
  if (depth == MAX_DEPTH) r->bad = 1;
  if (r->bad) return;
  if (next_is(r, '"')) {
    read_string(r);
    return;
  }
  int is_object = next_is(r, '{');
  if (!is_object && !next_is(r, '[')) {
    skip_atom(r);
    return;
  }
  uint8_t close = is_object ? '}' : ']';
  if (next_is(r, close)) return;
  do {
    if (is_object) {
      expect(r, '"');
      read_string(r);
      expect(r, ':');
    }
    skip_value(r, depth + 1);
  } while (next_is(r, ','));
  expect(r, close);
}

#define MAX_ITEMS 16

/* A member wanted of an object: a string, or a list of at most MAX_ITEMS of them when `is_list`. */
typedef struct {
  const char *name;
  uint32_t length;
  int is_list;
  int is_there; /* and of the type that is wanted; null counts as absent */
  int is_wrong;
  string items[MAX_ITEMS];
  uint32_t count;
} member;

#define MEMBER(label, list) {.name = label, .length = sizeof(label) - 1, .is_list = list}

static int next_is_null(reader *r) {
  skip_space(r);
  if (r->end - r->at < 4 || !same(r->at, (const uint8_t *)"null", 4)) return 0;
  r->at += 4;
  return 1;
}

static void read_list(reader *r, member *m) {
  if (next_is(r, ']')) return;
  do {
    if (m->count < MAX_ITEMS && next_is(r, '"')) m->items[m->count++] = read_string(r);
    else {
      m->is_wrong = 1;
      skip_value(r, 1);
    }
  } while (next_is(r, ','));
  expect(r, ']');
}

static void read_member(reader *r, member *m) {
  m->is_there = 1;
  m->is_wrong = 0;
  m->count = 0;
  if (m->is_list ? next_is(r, '[') : next_is(r, '"')) {
    if (m->is_list) read_list(r, m);
    else m->items[m->count++] = read_string(r);
  } else if (next_is_null(r)) {
    m->is_there = 0;
  } else {
    m->is_wrong = 1;
    skip_value(r, 0);
  }
}

/* Read the object's members that are wanted; `r->bad` says that it is no JSON object. */
static void read_object(reader *r, member *wanted, uint32_t count) {
  expect(r, '{');
  if (!next_is(r, '}')) {
    do {
      expect(r, '"');
      string key = read_string(r);
      expect(r, ':');
      member *found = 0;
      for (uint32_t i = 0; i < count; i++)
        if (key.length == wanted[i].length && same(key.bytes, (const uint8_t *)wanted[i].name, key.length))
          found = &wanted[i];
      if (found) read_member(r, found);
      else skip_value(r, 0);
    } while (next_is(r, ','));
    expect(r, '}');
  }
  skip_space(r);
  if (r->at != r->end) r->bad = 1;
}

static void put_string(buffer *out, string text) {
  static const char hex[] = "0123456789abcdef";
  reserve(out, (uint64_t)text.length + 64u);
  PUT(out, "\"");
  uint32_t start = 0;
  for (uint32_t i = 0; i < text.length; i++) {
    uint8_t c = text.bytes[i];
    if (c >= 32 && c != '"' && c != '\\') continue;
    put(out, text.bytes + start, i - start);
    start = i + 1;
    if (c >= 32) {
      uint8_t pair[2] = {'\\', c};
      put(out, pair, 2);
    } else {
      uint8_t code[6] = {'\\', 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15]};
      put(out, code, 6);
    }
  }
  put(out, text.bytes + start, text.length - start);
  PUT(out, "\"");
}

#endif
