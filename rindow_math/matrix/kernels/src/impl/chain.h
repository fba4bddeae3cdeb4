/* Chains of elementwise functions, tile by tile: what is between two functions stays in the first cache, and the arrays'
 * next tile is fetched meanwhile. Each function is the one that runs alone, so that the results are the same. */

#define RK_TILE_BYTES 2048             /* of one array: some 20 fit in the first cache */
#define RK_CHAIN_SCRATCH 32768
#define RK_CHAIN_NEAR (1 << 20)        /* bytes that are in a cache near enough; one function alone fetches well */
#define RK_CHAIN_GRAIN 16384           /* results of one function worth a thread */

/* Bytes of a tile: shorter where so many values live at a time that the scratch memory holds no longer ones. */
static ptrdiff_t rk_chain_tile(const rk_chain *f)
{
    ptrdiff_t bytes = f->registers ? RK_CHAIN_SCRATCH / f->registers : RK_TILE_BYTES;
    return bytes < RK_TILE_BYTES ? bytes & -64 : RK_TILE_BYTES;
}

/* asks for bytes begin .. end of a tile of each whole array */
static void rk_chain_fetch(const rk_chain *f, ptrdiff_t at, ptrdiff_t begin, ptrdiff_t end)
{
    for (int w = 0; w < f->wholes; w++) {
        const char *p = f->arrays[f->whole[w]] + at;
        for (ptrdiff_t i = begin; i < end; i += 64)
            rk_prefetch(p + i);
    }
}

static double rk_chain_number(const rk_chain *f, int array)
{
    return f->dtype == RK_FLOAT32 ? (double)*(const float *)(const void *)f->arrays[array]
                                  : *(const double *)(const void *)f->arrays[array];
}

static void rk_chain_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_chain *f = (const rk_chain *)context;
    const int size = f->dtype == RK_FLOAT32 ? 4 : 8;
    const ptrdiff_t tile = rk_chain_tile(f), each = tile / size;
    const int far = f->count > 3 && f->n * size * f->wholes > RK_CHAIN_NEAR;
    _Alignas(64) char scratch[RK_CHAIN_SCRATCH];
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t at = i * tile, n = f->n - i * each < each ? f->n - i * each : each;
        for (int k = 0; k < f->count; k++) {
            const rk_chain_op *op = f->ops + k;
            const char *a = op->a >= 0 ? scratch + op->a * tile : f->arrays[~op->a] + (op->a_one ? 0 : at);
            char *out = op->out >= 0 ? scratch + op->out * tile : f->arrays[~op->out] + at;
            if (far && i + 1 < end)
                rk_chain_fetch(f, at + tile, tile * k / f->count & -64, tile * (k + 1) / f->count & -64);
            switch (op->kind) {
            case RK_CHAIN_UNARY:
                rk_un_run(op->op, f->dtype, a, out, n);
                break;
            case RK_CHAIN_PARAM:
                rk_par_run(op->op, f->dtype, a, op->p_in < 0 ? op->p : rk_chain_number(f, op->p_in),
                           op->q_in < 0 ? op->q : rk_chain_number(f, op->q_in), out, n);
                break;
            case RK_CHAIN_BINARY: {
                const char *b = op->b >= 0 ? scratch + op->b * tile : f->arrays[~op->b] + (op->b_one ? 0 : at);
                rk_bin_line(op->op, f->dtype, size, a, !op->a_one, b, !op->b_one, out, n, 0);
                break;
            }
            }
        }
    }
}

static void RK(chain)(const rk_chain *chain)
{
    const ptrdiff_t each = rk_chain_tile(chain) / (chain->dtype == RK_FLOAT32 ? 4 : 8);
    rk_parallel(rk_chain_task, (void *)(uintptr_t)chain, (chain->n + each - 1) / each,
                1 + RK_CHAIN_GRAIN / each / chain->count);
}
