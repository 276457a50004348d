"""What the FITS Standard says, as pure functions: no files, no C, no objects."""
