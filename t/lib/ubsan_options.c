/*
 * Linked into the sanitized NGINX. UBSan reads its options at its first report;
 * in a worker, NGINX has overwritten the environment by then.
 */
const char *__ubsan_default_options(void) {
    return "print_stacktrace=1:suppressions=" UBSAN_SUPPRESSIONS;
}
