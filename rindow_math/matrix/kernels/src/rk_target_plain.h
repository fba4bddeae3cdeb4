/* Compiles what follows for any processor. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define RK_VARIANT plain
#define RK_VARIANT_PLAIN 1
#define RK_VECTOR_BYTES 16
