// What maps go through between two convolutions, in what CUDA and C have in common: NVRTC compiles it for a GPU, and a C compiler for the
// tests, which set GROUP and PART for one block after another, and in which one thread plays all threads of a block.
//
// A thread reads LANES neighboring numbers at once: a place of a column. With the channels FIRST, maps are [images, channels, pixels]:
// neighbors are pixels, and a column is a channel. Otherwise they are [images, pixels, channels]: neighbors are channels, and a column is as
// many. Of WIDTH columns, a block reads ROWS places at once, and then those that are PARTS * ROWS further down. Whoever compiles this
// defines THREADS, WIDTH, LANES, and FIRST and BF16 or not.

#define ROWS (THREADS / WIDTH)

// Channels of a column, and how many of its places follow each other in memory.
#ifdef FIRST
#define OWN 1
#define TOGETHER (pixels / LANES)
#else
#define OWN LANES
#define TOGETHER 1
#endif

#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define FUNCTION __device__ static
#define SHARED __shared__
#define ALIGNED __align__(LANES * NUMBER_BYTES)
#define BARRIER __syncthreads()
#define EACH_THREAD for (int thread = threadIdx.x, once = 1; once; once = 0)
#define GROUP (int)blockIdx.x
#define PART (int)blockIdx.y
#define PARTS (int)gridDim.y
#define UNROLL _Pragma("unroll 4")
#define EACH_LANE _Pragma("unroll") for (int lane = 0; lane < LANES; lane++)
#define EACH_OWN _Pragma("unroll") for (int own = 0; own < OWN; own++)
#else
#include <math.h>
#include <string.h>
#define KERNEL void
#define FUNCTION static
#define SHARED static
#define ALIGNED
#define BARRIER
#define EACH_THREAD for (int thread = 0; thread < THREADS; thread++)
#define UNROLL
#define EACH_LANE for (int lane = 0; lane < LANES; lane++)
#define EACH_OWN for (int own = 0; own < OWN; own++)
extern int GROUP, PART, PARTS;
#endif

#ifndef BF16
#define NUMBER_BYTES 4
typedef float number;
FUNCTION float value(number n) { return n; }
FUNCTION number rounded(float f) { return f; }
#else
#define NUMBER_BYTES 2
// The upper half of a float.
typedef unsigned short number;
#ifdef __CUDACC__
FUNCTION float value(number n) { return __uint_as_float((unsigned)n << 16); }
FUNCTION number rounded(float f) {
    number n;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(n) : "f"(f));
    return n;
}
#else
FUNCTION float value(number n) {
    unsigned bits = (unsigned)n << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
FUNCTION number rounded(float f) {
    unsigned bits;
    memcpy(&bits, &f, sizeof bits);
    return f != f ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
#endif
#endif

typedef struct ALIGNED {
    number of[LANES];
} lanes;

// What every kernel is given: maps, numbers of channels, where to write, and how many numbers a channel has, in all images and in one.
#define ARGUMENTS \
    const lanes *x, const lanes *dy, const lanes *added, const float *a, const float *b, const float *c, void *out, int numbers, int pixels, int channels, \
        int parts, float epsilon, int flags
#define RELU (flags & 1)
#define ADD (flags & 2)
#define TRAIN (flags & 4)

// A thread's column, and its places.
#define COLUMNS (channels / OWN)
#define PLACES (numbers / (LANES / OWN))
#define INSIDE (GROUP * WIDTH + thread % WIDTH < COLUMNS)
#define COLUMN (INSIDE ? GROUP * WIDTH + thread % WIDTH : 0)
#define EACH_PLACE UNROLL for (int i = INSIDE ? PART * ROWS + thread / WIDTH : PLACES; i < PLACES; i += PARTS * ROWS)
#define PLACE ((i / TOGETHER * (long long)COLUMNS + column) * TOGETHER + i % TOGETHER)

// The first number of a channel.
#define FIRST_OF(channel) value(((const number *)x)[(channel) * TOGETHER * LANES / OWN])

// Row i of the numbers that every channel has one of, for channel `own` of a column; and which of them a lane belongs to.
#define OF_CHANNEL(all, i) all[(i) * channels + column * OWN + own]
#define OF_LANE (lane % OWN)

// Adds up what the threads of a column have written to p[…][thread] and q[…][thread], of which there are `count`.
#define ADD_UP(p, q, count) \
    for (int half = THREADS / 2; half >= WIDTH; half /= 2) { \
        BARRIER; \
        EACH_THREAD { \
            if (thread < half) { \
                for (int i = 0; i < count; i++) { \
                    p[i][thread] += p[i][thread + half]; \
                    q[i][thread] += q[i][thread + half]; \
                } \
            } \
        } \
    } \
    BARRIER;

// Writes a block's sums of p and of q: out is [2, parts, channels].
#define WRITE_SUMS(p, q) \
    ADD_UP(p, q, OWN) \
    EACH_THREAD { \
        if (thread < WIDTH && INSIDE) { \
            int column = COLUMN; \
            EACH_OWN { \
                OF_CHANNEL(((float *)out), PART) = p[own][thread]; \
                OF_CHANNEL(((float *)out), PARTS + PART) = q[own][thread]; \
            } \
        } \
    }

// The sums of x - k and of its square. k is the channel's first number: near enough to the mean that the variance, a difference of the
// two, does not cancel.
KERNEL sums(ARGUMENTS) {
    SHARED float plain[OWN][THREADS], squared[OWN][THREADS];
    EACH_THREAD {
        int column = COLUMN;
        float first[OWN], sum[OWN] = {0}, squares[OWN] = {0};
        EACH_OWN first[own] = FIRST_OF(column * OWN + own);
        EACH_PLACE {
            lanes at = x[PLACE];
            EACH_LANE {
                float distance = value(at.of[lane]) - first[OF_LANE];
                sum[OF_LANE] += distance;
                squares[OF_LANE] += distance * distance;
            }
        }
        EACH_OWN plain[own][thread] = sum[own], squared[own][thread] = squares[own];
    }
    WRITE_SUMS(plain, squared)
}

// Sums of each channel over all parts of `a`, which is [2, parts, channels], in totals[…][thread] of the threads below WIDTH. Blocks have WIDTH
// channels.
#define TOTALS \
    SHARED float totals[1][THREADS], others[1][THREADS]; \
    EACH_THREAD { \
        int channel = GROUP * WIDTH + thread % WIDTH; \
        float total = 0, other_total = 0; \
        UNROLL \
        for (int part = channel < channels ? thread / WIDTH : parts; part < parts; part += ROWS) { \
            total += a[part * channels + channel]; \
            other_total += a[(parts + part) * channels + channel]; \
        } \
        totals[0][thread] = total; \
        others[0][thread] = other_total; \
    } \
    ADD_UP(totals, others, 1)

// A block's channels, and where their numbers go.
#define EACH_CHANNEL \
    EACH_THREAD \
    for (int channel = GROUP * WIDTH + thread, one = thread < WIDTH && channel < channels; one; one = 0)
#define WRITE(i, what) ((float *)out)[(i) * channels + channel] = what

// The mean, the variance, 1/√(variance + ε), γ/√(variance + ε) and β of each channel, of the sums in `a`; `b` is γ, `c` is β.
KERNEL statistics(ARGUMENTS) {
    TOTALS
    EACH_CHANNEL {
        float away = totals[0][thread] / numbers, variance = others[0][thread] / numbers - away * away;
        variance = variance < 0 ? 0 : variance;
        float inverse_std = 1 / sqrtf(variance + epsilon);
        WRITE(0, FIRST_OF(channel) + away);
        WRITE(1, variance);
        WRITE(2, inverse_std);
        WRITE(3, b[channel] * inverse_std);
        WRITE(4, c[channel]);
    }
}

// What normalizes a thread's channels, as statistics has written it.
#define READ_STATISTICS \
    float mean[OWN], scale[OWN], shift[OWN]; \
    EACH_OWN { \
        mean[own] = OF_CHANNEL(a, 0); \
        scale[own] = OF_CHANNEL(a, 3); \
        shift[own] = OF_CHANNEL(a, 4); \
    }

// y = (x - mean) * scale + shift, then max(y, 0) where there is a ReLU, then, where a block ends, max(y + added, 0). `a` is what statistics
// writes.
KERNEL normalize(ARGUMENTS) {
    EACH_THREAD {
        int column = COLUMN;
        READ_STATISTICS
        EACH_PLACE {
            lanes at = x[PLACE], more, y;
            if (ADD) more = added[PLACE];
            EACH_LANE {
                float sum = (value(at.of[lane]) - mean[OF_LANE]) * scale[OF_LANE] + shift[OF_LANE];
                sum = RELU && sum < 0 ? 0 : sum;
                if (ADD) {
                    sum += value(more.of[lane]);
                    sum = sum < 0 ? 0 : sum;
                }
                y.of[lane] = rounded(sum);
            }
            ((lanes *)out)[PLACE] = y;
        }
    }
}

// The gradient that passes a ReLU whose output is y.
#define PASSES(y, gradient) ((y) <= 0 ? 0 : (gradient))

// What of dy, plus `added` where asked for, passes a ReLU whose output is x.
KERNEL masked(ARGUMENTS) {
    EACH_THREAD {
        int column = COLUMN;
        EACH_PLACE {
            lanes y = x[PLACE], gradient = dy[PLACE], more;
            if (ADD) more = added[PLACE];
            EACH_LANE {
                float sum = value(gradient.of[lane]) + (ADD ? value(more.of[lane]) : 0);
                gradient.of[lane] = rounded(PASSES(value(y.of[lane]), sum));
            }
            ((lanes *)out)[PLACE] = gradient;
        }
    }
}

// Reads what a normalized number's gradient is made of: its distance from the mean, and the gradient that passes the ReLU.
#define READ_GRADIENT(distance, passed) \
    float distance = value(at.of[lane]) - mean[OF_LANE], passed = value(gradient.of[lane]); \
    passed = RELU ? PASSES(distance * scale[OF_LANE] + shift[OF_LANE], passed) : passed;

// The sums of dy and of dy * (x - mean). dy is the gradient of normalize's output, `a` is what statistics writes.
KERNEL gradient_sums(ARGUMENTS) {
    SHARED float plain[OWN][THREADS], scaled[OWN][THREADS];
    EACH_THREAD {
        int column = COLUMN;
        READ_STATISTICS
        float sum[OWN] = {0}, products[OWN] = {0};
        EACH_PLACE {
            lanes at = x[PLACE], gradient = dy[PLACE];
            EACH_LANE {
                READ_GRADIENT(distance, passed)
                sum[OF_LANE] += passed;
                products[OF_LANE] += passed * distance;
            }
        }
        EACH_OWN plain[own][thread] = sum[own], scaled[own][thread] = products[own];
    }
    WRITE_SUMS(plain, scaled)
}

// The gradients of γ and β, and what the statistics take from dx, of the sums in `a`; `b` is what statistics writes.
KERNEL gradients(ARGUMENTS) {
    TOTALS
    EACH_CHANNEL {
        float inverse_std = b[2 * channels + channel], of_gamma = others[0][thread] * inverse_std;
        WRITE(0, of_gamma);
        WRITE(1, totals[0][thread]);
        WRITE(2, TRAIN ? totals[0][thread] / numbers : 0);
        WRITE(3, TRAIN ? of_gamma * inverse_std / numbers : 0);
    }
}

// dx = scale * (dy - offset - (x - mean) * slope). `a` is what statistics writes, `b` what gradients writes.
KERNEL input_gradient(ARGUMENTS) {
    EACH_THREAD {
        int column = COLUMN;
        READ_STATISTICS
        float offset[OWN], slope[OWN];
        EACH_OWN {
            offset[own] = OF_CHANNEL(b, 2);
            slope[own] = OF_CHANNEL(b, 3);
        }
        EACH_PLACE {
            lanes at = x[PLACE], gradient = dy[PLACE], dx;
            EACH_LANE {
                READ_GRADIENT(distance, passed)
                dx.of[lane] = rounded(scale[OF_LANE] * (passed - offset[OF_LANE] - distance * slope[OF_LANE]));
            }
            ((lanes *)out)[PLACE] = dx;
        }
    }
}
