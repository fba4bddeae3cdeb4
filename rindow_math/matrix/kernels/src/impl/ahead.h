/* Weights that come next. A network's layers follow each other in the same order again and again; with a few pixels
 * their weights are most of what is read, more than the second cache holds. So each convolution of few pixels notes
 * which one came after it, and asks for weights of the later ones, spread over its products, which leave memory idle.
 * What is noted may be wrong: asking for memory that nobody reads, or that there is none of, changes nothing. */
#define CONV_SPANS 3                   /* of memory, that a job asks for at most */
#define CONV_NOTES 64                  /* power of two */

#if defined(_MSC_VER)
#define CONV_THREAD_LOCAL __declspec(thread)
#elif !defined(__STDC_NO_THREADS__) || defined(__GNUC__)
#define CONV_THREAD_LOCAL _Thread_local
#endif

/* Rows of bytes; a thread reads a part of each, or all of it. */
typedef struct {
    const void *kernel;
    ptrdiff_t rows, row, part;
} conv_weights;

/* A thread's lines of such weights from the first on. */
typedef struct {
    conv_weights weights;
    ptrdiff_t first, lines;
} conv_span;

#ifdef CONV_THREAD_LOCAL
static CONV_THREAD_LOCAL struct {
    struct {
        const void *kernel;
        conv_weights next;
    } notes[CONV_NOTES];
    conv_weights last;
    const void *asked;                 /* whose lines have been asked for, up to this one */
    ptrdiff_t lines;
} conv_seen;

RK_INLINE int conv_note(const void *kernel) { return (int)((uintptr_t)kernel / 4096 % CONV_NOTES); }

RK_INLINE ptrdiff_t conv_weight_lines(const conv_weights *w) { return w->rows * (w->part / 64); }

RK_INLINE const conv_weights *conv_next(const void *kernel)
{
    const int i = conv_note(kernel);
    return conv_seen.notes[i].kernel == kernel ? &conv_seen.notes[i].next : NULL;
}

/* Notes a job's weights, NULL if there are none to ask for. */
static void conv_follow(const conv_weights *w)
{
    if (w && conv_seen.last.kernel) {
        const int i = conv_note(conv_seen.last.kernel);
        conv_seen.notes[i].kernel = conv_seen.last.kernel;
        conv_seen.notes[i].next = *w;
    }
    conv_seen.last = w ? *w : (conv_weights){ 0 };
    if (!w || w->kernel == conv_seen.asked)
        conv_seen.asked = NULL;
}

/* What such a job asks for that can ask for so many lines. */
static void conv_plan(const void *kernel, ptrdiff_t lines, conv_span *spans)
{
    const conv_weights *w = conv_next(kernel);
    const void *at = w ? w->kernel : NULL;
    for (int i = 0; at && i < CONV_SPANS && at != conv_seen.asked; i++) {
        const conv_weights *after = conv_next(at);
        at = after ? after->kernel : NULL;
    }
    const int goes_on = at && at == conv_seen.asked;
    ptrdiff_t first = 0;
    if (goes_on) {
        while (w->kernel != at)
            w = conv_next(w->kernel);
        first = conv_seen.lines;
        if (first >= conv_weight_lines(w)) {   /* all of them */
            w = conv_next(at);
            first = 0;
        }
    }
    for (int i = 0; w && i < CONV_SPANS && lines > 0; i++) {
        const ptrdiff_t n = conv_min(conv_weight_lines(w) - first, lines);
        spans[i] = (conv_span){ *w, first, n };
        conv_seen.asked = w->kernel;
        conv_seen.lines = first + n;
        lines -= n;
        first = 0;
        w = conv_next(w->kernel);
    }
}
#else
static void conv_follow(const conv_weights *w) { (void)w; }
static void conv_plan(const void *kernel, ptrdiff_t lines, conv_span *spans) { (void)kernel; (void)lines; (void)spans; }
#endif

/* Lines that the products of a tile's channels ask for. */
RK_INLINE ptrdiff_t conv_asked(ptrdiff_t channels, int lanes)
{
    return channels / lanes * (lanes / 2) + channels % lanes / 2;
}
