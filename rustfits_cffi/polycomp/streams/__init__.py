"""Series to coded streams and back, in memory."""
