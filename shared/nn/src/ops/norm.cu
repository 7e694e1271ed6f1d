// The kernels of fused_norm.rs, in what CUDA and C have in common: NVRTC compiles them for a GPU, and a C compiler for the tests, which set
// CHANNEL and PART for one block after another, and in which one thread plays all threads of a block.
//
// x, grads, y and dx are [batch, channels, pixels]. A block has one channel of every parts-th image, and THREADS threads, which is defined
// by whoever compiles this.

#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define SHARED __shared__
#define BARRIER __syncthreads()
#define EACH_THREAD for (int thread = threadIdx.x, once = 1; once; once = 0)
#define CHANNEL (int)blockIdx.x
#define PART (int)blockIdx.y
#define PARTS (int)gridDim.y
#define UNROLL _Pragma("unroll 4")
#else
#define KERNEL void
#define SHARED static
#define BARRIER
#define EACH_THREAD for (int thread = 0; thread < THREADS; thread++)
#define UNROLL
extern int CHANNEL, PART, PARTS;
#endif

// Where the numbers of a thread lie, each THREADS of the block's numbers behind the one before. A division for each number would take longer
// than to read it.
#define EACH_PLACE \
    int pixel = thread % pixels, image = PART + thread / pixels * PARTS; \
    UNROLL \
    for (long long place; image < batch && (place = ((long long)image * channels + CHANNEL) * pixels + pixel, 1); NEXT)
#define NEXT \
    pixel += THREADS % pixels, image += THREADS / pixels * PARTS, image += pixel < pixels ? 0 : PARTS, pixel -= pixel < pixels ? 0 : pixels

#define ARGUMENTS \
    const float *x, const float *grads, const float *of_channels, float *out, int batch, int channels, int pixels, int relu

// Row i of the numbers that every channel has one of.
#define OF_CHANNEL(i) of_channels[(i) * channels + CHANNEL]

// Adds up a[0], a[1], … and b[0], b[1], …, which the threads have just written, and writes both sums: out is [2, channels, parts].
#define WRITE_SUMS(a, b) \
    for (int half = THREADS / 2; half > 0; half /= 2) { \
        BARRIER; \
        EACH_THREAD { \
            if (thread < half) { \
                a[thread] += a[thread + half]; \
                b[thread] += b[thread + half]; \
            } \
        } \
    } \
    EACH_THREAD { \
        if (thread == 0) { \
            out[CHANNEL * PARTS + PART] = a[0]; \
            out[(channels + CHANNEL) * PARTS + PART] = b[0]; \
        } \
    }

// The sums of x - k and of its square. k is the channel's first number: near enough to the mean that the variance, a difference of the
// two, does not cancel.
KERNEL sums(ARGUMENTS) {
    SHARED float plain[THREADS], squared[THREADS];
    float k = x[(long long)CHANNEL * pixels];
    EACH_THREAD {
        float sum = 0, squares = 0;
        EACH_PLACE {
            float value = x[place] - k;
            sum += value;
            squares += value * value;
        }
        plain[thread] = sum;
        squared[thread] = squares;
    }
    WRITE_SUMS(plain, squared)
}

// y = (x - mean) * scale + shift, then max(y, 0) where there is a ReLU. Rows: mean, scale, shift.
KERNEL normalize(ARGUMENTS) {
    float mean = OF_CHANNEL(0), scale = OF_CHANNEL(1), shift = OF_CHANNEL(2);
    EACH_THREAD {
        EACH_PLACE {
            float y = (x[place] - mean) * scale + shift;
            out[place] = relu && y < 0 ? 0 : y;
        }
    }
}

// The gradient that passes the ReLU. `scale` and `shift` are those of normalize.
#define MASKED (relu && (x[place] - mean) * scale + shift <= 0 ? 0 : grads[place])

// The sums of dy and of dy * (x - mean). Rows: mean, scale, shift.
KERNEL gradient_sums(ARGUMENTS) {
    SHARED float plain[THREADS], scaled[THREADS];
    float mean = OF_CHANNEL(0), scale = OF_CHANNEL(1), shift = OF_CHANNEL(2);
    EACH_THREAD {
        float sum = 0, products = 0;
        EACH_PLACE {
            float dy = MASKED;
            sum += dy;
            products += dy * (x[place] - mean);
        }
        plain[thread] = sum;
        scaled[thread] = products;
    }
    WRITE_SUMS(plain, scaled)
}

// dx = scale * (dy - offset - (x - mean) * slope). Rows: mean, scale, shift, offset, slope.
KERNEL input_gradient(ARGUMENTS) {
    float mean = OF_CHANNEL(0), scale = OF_CHANNEL(1), shift = OF_CHANNEL(2);
    float offset = OF_CHANNEL(3), slope = OF_CHANNEL(4);
    EACH_THREAD {
        EACH_PLACE {
            out[place] = scale * (MASKED - offset - (x[place] - mean) * slope);
        }
    }
}
