/* zlib's own deflate: the reference that the tests hold ours against. */
typedef struct {
    unsigned char *next_in;
    unsigned int avail_in;
    unsigned char *next_out;
    unsigned int avail_out;
    ...;
} z_stream;
int deflateInit2_(z_stream *stream, int level, int method, int window_bits, int mem_level, int strategy,
                  const char *version, int nbytes);
int deflateReset(z_stream *stream);
int deflate(z_stream *stream, int flush);
int deflateEnd(z_stream *stream);
