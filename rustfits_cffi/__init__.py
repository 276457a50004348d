"""Compressed FITS files from Python, byte for byte what cfitsio writes."""
