"""Images, plain and compressed."""
