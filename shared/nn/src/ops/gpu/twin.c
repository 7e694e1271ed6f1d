// Runs a kernel of kernels.cu on a CPU: `twin KERNEL GROUPS BLOCKS NUMBERS PIXELS CHANNELS PARTS EPSILON FLAGS X DY ADDED A B C OUT`, where the last seven say
// how many bytes each has; the first six of them come from the standard input, the last goes to the standard output.

#include <stdio.h>
#include <stdlib.h>

#include "kernels.cu"

int GROUP, PART, PARTS;

static void *bytes(const char *count) {
    size_t len = atoi(count);
    void *all = calloc(len ? len : 1, 1);
    if (!all || fread(all, 1, len, stdin) != len) exit(2);
    return all;
}

static const struct {
    const char *name;
    void (*run)(ARGUMENTS);
} KERNELS[] = {
    {"sums", sums},
    {"statistics", statistics},
    {"normalize", normalize},
    {"masked", masked},
    {"gradient_sums", gradient_sums},
    {"gradients", gradients},
    {"input_gradient", input_gradient},
};

int main(int argc, char **argv) {
    if (argc != 17) return 2;
    int groups = atoi(argv[2]), numbers = atoi(argv[4]), pixels = atoi(argv[5]), channels = atoi(argv[6]), parts = atoi(argv[7]);
    float epsilon = strtof(argv[8], NULL);
    int flags = atoi(argv[9]);
    void *x = bytes(argv[10]), *dy = bytes(argv[11]), *added = bytes(argv[12]);
    void *a = bytes(argv[13]), *b = bytes(argv[14]), *c = bytes(argv[15]);
    size_t len = atoi(argv[16]);
    void *out = calloc(len ? len : 1, 1);
    PARTS = atoi(argv[3]);
    for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++) {
        if (strcmp(argv[1], KERNELS[i].name)) continue;
        for (GROUP = 0; GROUP < groups; GROUP++) {
            for (PART = 0; PART < PARTS; PART++) KERNELS[i].run(x, dy, added, a, b, c, out, numbers, pixels, channels, parts, epsilon, flags);
        }
        return fwrite(out, 1, len, stdout) != len;
    }
    return 2;
}
