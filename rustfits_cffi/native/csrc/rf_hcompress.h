#ifndef RF_HCOMPRESS_H
#define RF_HCOMPRESS_H
#include "rf.h"
static inline int rf_hcompress_encode(const int32_t *src, size_t nx, size_t ny, int scale, int wide, uint8_t *dst, size_t dst_cap, size_t *dst_len, void *scratch)
{ (void)src,(void)nx,(void)ny,(void)scale,(void)wide,(void)dst,(void)dst_cap,(void)dst_len,(void)scratch; return RF_EARGUMENT; }
static inline int rf_hcompress_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t nx, size_t ny, int smooth, int wide, void *scratch)
{ (void)src,(void)nx,(void)ny,(void)src_len,(void)wide,(void)dst,(void)smooth,(void)scratch; return RF_EARGUMENT; }
static inline size_t rf_hcompress_bound(size_t nx, size_t ny, int wide) { return (nx+2)*(ny+2)*(wide?9:5)+64; }
static inline size_t rf_hcompress_scratch_nbytes(size_t nx, size_t ny, int wide) { (void)wide; return nx*ny*8; }
#endif
