/* The steps that make a text clean, each in place: none makes it longer. */
#ifndef CLEAN_H
#define CLEAN_H

#include "json.h"

static int is_blank(uint8_t c) { return c == ' ' || c == '\t'; }
static int is_space(uint8_t c) { return is_blank(c) || c == '\n' || c == '\r'; }

/* Drop white space at both ends. */
static void trim(string *t) {
  while (t->length && is_space(t->bytes[t->length - 1u])) t->length--;
  while (t->length && is_space(*t->bytes)) t->bytes++, t->length--;
}

/* Make one space of a run of spaces and tabs; lines stay lines. */
static void collapse_spaces(string *t) {
  uint32_t to = 0;
  for (uint32_t i = 0; i < t->length; i++) {
    uint8_t c = t->bytes[i];
    if (!is_blank(c)) t->bytes[to++] = c;
    else if (i == 0 || !is_blank(t->bytes[i - 1u])) t->bytes[to++] = ' ';
  }
  t->length = to;
}

/* Make a line feed of every line's end. */
static void normalize_newlines(string *t) {
  uint32_t to = 0;
  for (uint32_t i = 0; i < t->length; i++) {
    uint8_t c = t->bytes[i];
    if (c == '\r' && i + 1u < t->length && t->bytes[i + 1u] == '\n') continue;
    t->bytes[to++] = c == '\r' ? '\n' : c;
  }
  t->length = to;
}

/* Drop control characters but tabs and line ends, and byte order marks. */
static void strip_control(string *t) {
  uint32_t to = 0;
  for (uint32_t i = 0; i < t->length; i++) {
    const uint8_t *at = t->bytes + i;
    uint32_t left = t->length - i;
    if ((*at < 32 && !is_space(*at)) || *at == 127) continue;
    if (left > 1u && at[0] == 0xC2 && at[1] < 0xA0) { /* U+0080 to U+009F */
      i += 1u;
    } else if (left > 2u && at[0] == 0xEF && at[1] == 0xBB && at[2] == 0xBF) {
      i += 2u;
    } else {
      t->bytes[to++] = *at;
    }
  }
  t->length = to;
}

/* More than this is no tag; it bounds what a text full of beginnings costs. */
#define MAX_TAG 2048u

/* Return where the comment that begins at `start` ends, or 0 when none does. */
static uint32_t comment_end(const string *t, uint32_t start) {
  const uint8_t *b = t->bytes;
  for (uint32_t i = start + 4u; i + 2u < t->length; i++)
    if (b[i] == '-' && b[i + 1u] == '-' && b[i + 2u] == '>') return i + 3u;
  return 0;
}

/* Return where the tag that begins at `start` ends, or 0 when none does: "a < b" is text. */
static uint32_t tag_end(const string *t, uint32_t start) {
  uint32_t i = start + 1u;
  uint32_t last = t->length - start > MAX_TAG ? start + MAX_TAG : t->length;
  uint8_t first = i < last ? t->bytes[i] : 0, low = first | 32, quote = 0;
  if (!(low >= 'a' && low <= 'z') && first != '/' && first != '!' && first != '?') return 0;
  for (; i < last; i++) {
    uint8_t c = t->bytes[i];
    if (quote) quote = c == quote ? 0 : quote;
    else if (c == '>') return i + 1u;
    else if (c == '<') return 0;
    else if ((c == '"' || c == '\'') && t->bytes[i - 1u] == '=') quote = c;
  }
  return 0;
}

/* Make a space of every tag and comment of markup, so that words stay apart. */
static void strip_tags(string *t) {
  uint32_t to = 0;
  int has_comments = 1; /* once one does not end, none does */
  for (uint32_t i = 0; i < t->length;) {
    uint32_t end = 0;
    if (t->length - i > 3u && same(t->bytes + i, (const uint8_t *)"<!--", 4)) {
      if (has_comments) end = comment_end(t, i);
      if (!end) has_comments = 0;
    } else if (t->bytes[i] == '<') {
      end = tag_end(t, i);
    }
    t->bytes[to++] = end ? ' ' : t->bytes[i];
    i = end ? end : i + 1u;
  }
  t->length = to;
}

/* Fold A to Z. */
static void lower(string *t) {
  for (uint32_t i = 0; i < t->length; i++)
    if (t->bytes[i] >= 'A' && t->bytes[i] <= 'Z') t->bytes[i] |= 32;
}

#define STEP(step) {#step, sizeof(#step) - 1, step}

/* Take a step by its name; 0 when none has it. */
static int clean(string *text, string step) {
  static const struct {
    const char *name;
    uint32_t length;
    void (*run)(string *);
  } steps[] = {STEP(strip_tags), STEP(strip_control), STEP(normalize_newlines), STEP(collapse_spaces), STEP(trim), STEP(lower)};
  for (uint32_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (steps[i].length == step.length && same((const uint8_t *)steps[i].name, step.bytes, step.length)) {
      steps[i].run(text);
      return 1;
    }
  return 0;
}

#endif
