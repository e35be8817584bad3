/* echo: gives back the JSON it was given. */
#include "agent.h"

static void answer(const uint8_t *input, uint32_t length, buffer *out) {
  reserve(out, (uint64_t)length + 7u);
  PUT(out, "{\"ok\":");
  put(out, input, length);
  PUT(out, "}");
}
