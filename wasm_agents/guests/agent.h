/* What a guest needs to speak agent/1 without a C library: memory, the exports
 * the host calls, and a growing buffer for the answer.
 *
 * A guest includes this file and defines one function:
 *
 *     static void answer(const uint8_t *input, uint32_t length, buffer *out);
 *
 * `input` is one JSON object, UTF-8. `answer` appends one JSON envelope to
 * `out`: {"ok": value} or {"error": {"code": "...", "message": "..."}}.
 * The host makes a fresh instance for each call, so nothing is ever freed.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))
#define PAGE 65536u

extern uint8_t __heap_base;
static uint32_t heap_top;

/* Return `size` bytes, 16-aligned and zero, or 0 when memory is at its limit.
 * Fresh pages are zero and nothing is handed out twice. */
static void *take(uint32_t size) {
  if (heap_top == 0) heap_top = ((uint32_t)(uintptr_t)&__heap_base + 15u) & ~15u;
  uint64_t end = ((uint64_t)heap_top + (size ? size : 1u) + 15u) & ~(uint64_t)15u;
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
  if (end > have) {
    uint64_t pages = (end - have + PAGE - 1u) / PAGE;
    if (pages > PAGE || __builtin_wasm_memory_grow(0, (uint32_t)pages) == (uint32_t)-1) return 0;
  }
  void *found = (void *)(uintptr_t)heap_top;
  heap_top = (uint32_t)end;
  return found;
}

static void copy(uint8_t *to, const uint8_t *from, uint32_t length) {
  __builtin_memcpy(to, from, length);
}

static int same(const uint8_t *a, const uint8_t *b, uint32_t length) {
  for (uint32_t i = 0; i < length; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

/* The answer as it grows. Once memory is out, `failed` is set and writes are dropped. */
typedef struct {
  uint8_t *bytes;
  uint32_t length, room;
  int failed;
} buffer;

static void put(buffer *out, const void *bytes, uint32_t length) {
  if (out->failed) return;
  if ((uint64_t)out->length + length > out->room) {
    uint64_t room = ((uint64_t)out->length + length) * 2u + 256u;
    uint8_t *moved = room > UINT32_MAX ? 0 : take((uint32_t)room);
    if (!moved) {
      out->failed = 1;
      return;
    }
    copy(moved, out->bytes, out->length);
    out->bytes = moved;
    out->room = (uint32_t)room;
  }
  copy(out->bytes + out->length, bytes, length);
  out->length += length;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

static void put_number(buffer *out, uint32_t value) {
  uint8_t digits[10];
  uint32_t at = sizeof digits;
  do digits[--at] = (uint8_t)('0' + value % 10u);
  while (value /= 10u);
  put(out, digits + at, sizeof digits - at);
}

#define FAIL(out, code, message) \
  PUT(out, "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}")

static void answer(const uint8_t *input, uint32_t length, buffer *out);

EXPORT("alloc") void *agent_alloc(uint32_t size) { return take(size); }

EXPORT("dealloc") void agent_dealloc(void *pointer, uint32_t size) {
  (void)pointer;
  (void)size;
}

EXPORT("execute") uint64_t agent_execute(const uint8_t *input, uint32_t length) {
  static const char full[] = "{\"error\":{\"code\":\"out_of_memory\",\"message\":\"the guest's memory is full\"}}";
  buffer out = {0};
  answer(input, length, &out);
  if (out.failed) return ((uint64_t)(uint32_t)(uintptr_t)full << 32) | (sizeof full - 1);
  return ((uint64_t)(uint32_t)(uintptr_t)out.bytes << 32) | out.length;
}

#endif
