/* text_stats: counts the words, sentences, letters and characters of a text.
 *
 * A word is a maximal run of ASCII letters; case does not tell words apart.
 * A sentence ends at a maximal run of `.`, `!` or `?`. Characters are Unicode
 * code points. `top` holds the five commonest words, earliest first among equals.
 * `clean` names steps taken before, in their order; the text they leave is given too.
 */
#include "agent.h"
#include "json.h"
#include "text_stats/clean.h"

#define TOP 5

typedef struct {
  const uint8_t *bytes;
  uint32_t length, hash, count;
} word;

/* Distinct words in order of first appearance, and an open-addressed index over them. */
typedef struct {
  word *words;
  uint32_t *slots; /* place in `words` plus one; 0 is free */
  uint32_t mask, unique;
} vocabulary;

typedef struct {
  uint32_t words, letters, chars, sentences;
} counts;

static int is_letter(uint8_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static int is_stop(uint8_t c) { return c == '.' || c == '!' || c == '?'; }

static counts count(string text) {
  counts found = {0};
  uint8_t before = 0;
  for (uint32_t i = 0; i < text.length; i++) {
    uint8_t c = text.bytes[i];
    found.letters += (uint32_t)is_letter(c);
    found.words += (uint32_t)(is_letter(c) && !is_letter(before));
    found.sentences += (uint32_t)(is_stop(c) && !is_stop(before));
    found.chars += (uint32_t)((c & 0xC0) != 0x80);
    before = c;
  }
  return found;
}

static int make_room(vocabulary *v, uint32_t words) {
  uint32_t slots = 8;
  while (slots < words * 2u) slots *= 2u;
  v->mask = slots - 1u;
  v->slots = take(slots * (uint32_t)sizeof *v->slots);
  v->words = take(words * (uint32_t)sizeof *v->words);
  return v->slots && v->words;
}

static void add(vocabulary *v, const uint8_t *bytes, uint32_t length, uint32_t hash) {
  uint32_t at = hash & v->mask;
  while (v->slots[at]) {
    word *known = &v->words[v->slots[at] - 1u];
    if (known->hash == hash && known->length == length && same(known->bytes, bytes, length)) {
      known->count++;
      return;
    }
    at = (at + 1u) & v->mask;
  }
  v->words[v->unique++] = (word){bytes, length, hash, 1};
  v->slots[at] = v->unique;
}

/* Fold the text to lower case and add its words. */
static void read_words(vocabulary *v, string text) {
  for (uint32_t i = 0; i < text.length; i++) {
    uint32_t start = i, hash = 2166136261u;
    for (; i < text.length && is_letter(text.bytes[i]); i++) {
      text.bytes[i] |= 32;
      hash = (hash ^ text.bytes[i]) * 16777619u;
    }
    if (i > start) add(v, text.bytes + start, i - start, hash);
  }
}

static uint32_t find_top(const vocabulary *v, const word **top) {
  uint32_t held = 0;
  for (uint32_t i = 0; i < v->unique; i++) {
    const word *here = &v->words[i];
    uint32_t at = held;
    while (at > 0 && top[at - 1u]->count < here->count) at--;
    if (at == TOP) continue;
    if (held < TOP) held++;
    for (uint32_t j = held - 1u; j > at; j--) top[j] = top[j - 1u];
    top[at] = here;
  }
  return held;
}

static void put_field(buffer *out, const char *label, uint32_t length, uint32_t value) {
  put(out, label, length);
  put_number(out, value);
}

#define FIELD(out, label, value) put_field(out, label, sizeof(label) - 1, value)

static void put_report(buffer *out, const counts *c, const vocabulary *v) {
  const word *top[TOP];
  uint32_t held = find_top(v, top);
  FIELD(out, "\"words\":", c->words);
  FIELD(out, ",\"unique\":", v->unique);
  FIELD(out, ",\"sentences\":", c->sentences);
  FIELD(out, ",\"chars\":", c->chars);
  FIELD(out, ",\"letters\":", c->letters);
  PUT(out, ",\"top\":[");
  for (uint32_t i = 0; i < held; i++) {
    if (i) PUT(out, ",");
    PUT(out, "[\"");
    put(out, top[i]->bytes, top[i]->length);
    FIELD(out, "\",", top[i]->count);
    PUT(out, "]");
  }
  PUT(out, "]}}");
}

/* Take the steps; say no and return 0 when one of them is unknown. */
static int clean_text(string *text, const member *steps, buffer *out) {
  for (uint32_t i = 0; i < steps->count; i++)
    if (!clean(text, steps->items[i])) {
      FAIL(out, "bad_input", "clean knows strip_tags, strip_control, normalize_newlines, collapse_spaces, trim and lower");
      return 0;
    }
  return 1;
}

static void answer(const uint8_t *input, uint32_t length, buffer *out) {
  reader r = {(uint8_t *)(uintptr_t)input, (uint8_t *)(uintptr_t)input + length, 0};
  member wanted[] = {MEMBER("text", 0), MEMBER("clean", 1)};
  member *given = &wanted[0], *steps = &wanted[1];
  vocabulary v = {0};
  read_object(&r, wanted, 2);
  if (r.bad) {
    FAIL(out, "bad_json", "the input is not one JSON object");
    return;
  }
  if (!given->is_there || given->is_wrong) {
    FAIL(out, "bad_input", "text is missing or not a string");
    return;
  }
  if (steps->is_wrong) {
    FAIL(out, "bad_input", "clean is not a list of at most 16 steps");
    return;
  }
  string text = given->items[0];
  if (!clean_text(&text, steps, out)) return;
  PUT(out, "{\"ok\":{");
  if (steps->is_there) {
    PUT(out, "\"cleaned\":");
    put_string(out, text); /* before its words are folded to lower case */
    PUT(out, ",");
  }
  counts c = count(text);
  if (!make_room(&v, c.words)) {
    out->failed = 1;
    return;
  }
  read_words(&v, text);
  put_report(out, &c, &v);
}
