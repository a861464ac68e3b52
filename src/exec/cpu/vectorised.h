#pragma once

// GNOMON_VECTORISED marks a function whose loops the compiler turns into vector code, once for each
// instruction set, and of which the loader picks the best for the processor it runs on. All clones
// give the same bits: the build forbids contracting a*b+c, and every reduction states its order.
//
// Only GCC does this well, and the loader's choice runs before sanitizers are ready; elsewhere the
// function is compiled once, for the baseline.

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    !defined(GNOMON_SANITIZERS) && defined(__OPTIMIZE__)
#define GNOMON_VECTORISED \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define GNOMON_VECTORISED
#endif
