"""What is asked of cfitsio: headers, whole HDUs, and the changes of files."""
