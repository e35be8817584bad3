// What a C library does when a program prints, sleeps, and looks for time, chance, files and its environment.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char answer[256];

__attribute__((export_name("alloc"))) void *alloc(unsigned size) { return malloc(size ? size : 1); }
__attribute__((export_name("dealloc"))) void dealloc(void *at, unsigned size) { (void)size; free(at); }

__attribute__((export_name("execute"))) unsigned long long execute(const char *given, unsigned length) {
  struct timespec nap = {1000, 5}, before, after;
  unsigned char noise[2] = {0};
  printf("got %u bytes: %.*s\n", length, (int)length, given);
  fflush(stdout);
  fprintf(stderr, "to stderr\n");
  if (length > 2) exit(length);
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&nap, 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  getentropy(noise, sizeof noise);
  int size = snprintf(answer, sizeof answer,
    "{\"time\":%lld,\"slept\":%lld,\"noise\":[%u,%u],\"file\":%d,\"home\":%d,\"read\":%d}",
    (long long)time(0), (long long)(after.tv_sec - before.tv_sec), noise[0], noise[1],
    fopen("/etc/passwd", "r") != 0, getenv("HOME") != 0, getchar());
  return (unsigned long long)(unsigned long)answer << 32 | (unsigned)size;
}
