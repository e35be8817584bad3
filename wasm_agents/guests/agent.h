/* What a guest needs to speak agent/1 without a C library: memory, the exports
 * the host calls, and a growing buffer for the answer.
 *
 * A guest includes this file and defines one function:
 *
 *     static void answer(const uint8_t *input, uint32_t length, buffer *out);
 *
 * `input` is one JSON object, UTF-8. `answer` appends one JSON envelope to
 * `out`: {"ok": value} or {"error": {"code": "...", "message": "..."}}.
 * Nothing is freed within a call. A call of an instance that has answered before
 * begins where the first began, so it does not keep what that one needed.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))
#define PAGE 65536u

extern uint8_t __heap_base;
static uint32_t heap_top, heap_dirty; /* next free byte; end of what an earlier call used */
static int has_answered;

/* Return `size` bytes, 16-aligned, or 0 when memory is at its limit. */
static void *take_raw(uint32_t size) {
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

/* Return zeroed bytes. Fresh pages are zero; those of an earlier call are not. */
static void *take(uint32_t size) {
  uint8_t *found = take_raw(size);
  uint32_t start = (uint32_t)(uintptr_t)found;
  if (found && start < heap_dirty) __builtin_memset(found, 0, (heap_top < heap_dirty ? heap_top : heap_dirty) - start);
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

/* Make room for `more` bytes; saying it before much is written saves moving it. */
static void reserve(buffer *out, uint64_t more) {
  uint64_t room = (uint64_t)out->length + more;
  if (out->failed || room <= out->room) return;
  uint8_t *moved = room > UINT32_MAX ? 0 : take_raw((uint32_t)room);
  if (!moved) {
    out->failed = 1;
    return;
  }
  copy(moved, out->bytes, out->length);
  out->bytes = moved;
  out->room = (uint32_t)room;
}

static void put(buffer *out, const void *bytes, uint32_t length) {
  if ((uint64_t)out->length + length > out->room) reserve(out, (uint64_t)out->length + 2u * (uint64_t)length + 256u);
  if (out->failed) return;
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

EXPORT("alloc") void *agent_alloc(uint32_t size) {
  if (has_answered) {
    if (heap_top > heap_dirty) heap_dirty = heap_top;
    heap_top = 0;
    has_answered = 0;
  }
  return take_raw(size);
}

EXPORT("dealloc") void agent_dealloc(void *pointer, uint32_t size) {
  (void)pointer;
  (void)size;
}

EXPORT("execute") uint64_t agent_execute(const uint8_t *input, uint32_t length) {
  static const char full[] = "{\"error\":{\"code\":\"out_of_memory\",\"message\":\"the guest's memory is full\"}}";
  buffer out = {0};
  has_answered = 1;
  answer(input, length, &out);
  if (out.failed) return ((uint64_t)(uint32_t)(uintptr_t)full << 32) | (sizeof full - 1);
  return ((uint64_t)(uint32_t)(uintptr_t)out.bytes << 32) | out.length;
}

#endif
