// Runs a kernel of norm.cu on a CPU: `twin KERNEL BATCH CHANNELS PIXELS RELU PARTS X GRADS OF_CHANNELS OUT`, where the last four say how many
// numbers each has; the first three come from the standard input, the last goes to the standard output.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "norm.cu"

int CHANNEL, PART, PARTS;

static float *numbers(const char *count) {
    size_t len = atoi(count);
    float *all = calloc(len + 1, sizeof(float));
    if (!all || fread(all, sizeof(float), len, stdin) != len) exit(2);
    return all;
}

int main(int argc, char **argv) {
    if (argc != 11) return 2;
    int batch = atoi(argv[2]), channels = atoi(argv[3]), pixels = atoi(argv[4]), relu = atoi(argv[5]);
    float *x = numbers(argv[7]), *grads = numbers(argv[8]), *of_channels = numbers(argv[9]);
    float *out = calloc(atoi(argv[10]) + 1, sizeof(float));
    void (*kernel)(ARGUMENTS) = !strcmp(argv[1], "sums")            ? sums
                                : !strcmp(argv[1], "normalize")     ? normalize
                                : !strcmp(argv[1], "gradient_sums") ? gradient_sums
                                                                    : input_gradient;
    PARTS = atoi(argv[6]);
    for (CHANNEL = 0; CHANNEL < channels; CHANNEL++) {
        for (PART = 0; PART < PARTS; PART++) kernel(x, grads, of_channels, out, batch, channels, pixels, relu);
    }
    return fwrite(out, sizeof(float), atoi(argv[10]), stdout) != (size_t)atoi(argv[10]);
}
