/* Writes the contents of data files: each line "SIZE NAME" on standard input gives SIZE bytes of NAME's pattern. */
#include <stdio.h>
#include <stdlib.h>
#include "wire.h"

int main(void) {
    static uint64_t words[16384];
    char line[4200];
    while (fgets(line, sizeof line, stdin)) {
        char *name;
        uint64_t left = strtoull(line, &name, 10) / 8, index = 0;
        name++;
        uint64_t seed = pattern_seed(name, strcspn(name, "\n"));
        while (left) {
            size_t some = left < 16384 ? left : 16384;
            for (size_t i = 0; i < some; i++) words[i] = pattern_word(seed, index++);
            if (fwrite(words, 8, some, stdout) != some) return 1;
            left -= some;
        }
        if (fflush(stdout)) return 1;
    }
    return 0;
}
