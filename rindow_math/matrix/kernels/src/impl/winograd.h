/* What winograd_body.h and winograd_gradient_body.h have for all types. */
#define WINO_PART 16                   /* channels of a panel whose weights are turned at a time */
#define WINO_BYTES (512 << 10)         /* of points of images, or of weights: a part of the second cache */
#define WINO_WEIGHT_BYTES (9 << 17)    /* of all weights, that stay there */
#define WINO_OWN_PIXELS 1024           /* of results up to which threads have weights of their own */
#define WINO_CHANNELS 16               /* from which on sums are long enough */
#define WINO_WEIGHTS_TILES 12          /* whose products take as long as turning weights */
#define WINO_TILES 8                   /* times CONV_MR tiles whose points are worked on at a time, at most */
#define WINO_FAR_TILES 112             /* the same if weights come from far away */
#define WINO_NEAR_TILES 28             /* of a batch, from which on it is no matter where weights come from, */
#define WINO_FAR_FROM 640              /* or up to so many tiles in all */
#if RK_VECTOR_BYTES == 64
#define WINO_FEW_BYTES (4 * WINO_BYTES) /* of all tiles' points and a panel of weights */
#define WINO_FAR_WEIGHTS_TILES WINO_WEIGHTS_TILES
#define WINO_FAR_PIXELS 224            /* of a block at least, whose weights come from far away */
#else
#define WINO_FEW_BYTES 0
#define WINO_FAR_WEIGHTS_TILES 200     /* whose products take as long as turning weights, if they go to memory */
#define WINO_FAR_PIXELS 0
#endif

/* Kernels' gradients by Winograd's algorithm */
#if RK_VECTOR_BYTES == 64
#define CONV_WINOGRAD_TILES 96         /* of a block: what they are turned into stays in the second cache, */
#else
#define CONV_WINOGRAD_TILES 32         /* whose sums are as short as the direct kernels', for errors as small, */
#endif
#define CONV_WINOGRAD_PART 64          /* with the sums of so many channels by so many filters */
#define CONV_WINOGRAD_CHUNK 384        /* tiles with sums of their own, about */
#define CONV_WINOGRAD_AHEAD 256        /* elements that are asked for before they are written */
#define CONV_WINOGRAD_FROM 40          /* tiles from which on it pays, of 3 x 3 points */
#define CONV_WINOGRAD_CHANNELS 16      /* likewise, also filters */
#define CONV_WINOGRAD_SUMS 512         /* channels times filters, likewise */

/* How many tiles begin before a place: in each stretch of 2 * step places the first `step`. */
RK_INLINE ptrdiff_t wino_before(ptrdiff_t place, ptrdiff_t step)
{
    return place <= 0 ? 0 : place / (2 * step) * step + conv_min(place % (2 * step), step);
}
