"""Conversion between series and coded streams, in memory."""
