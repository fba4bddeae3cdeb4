/* Ends what rk_target_<variant>.h began. */
#if defined(RK_VARIANT) && !defined(RK_VARIANT_PLAIN)
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
