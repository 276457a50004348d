"""The tiles of a compressed image: where they are, read, kept and made."""
