"""All bindings to C: the only folder that imports the compiled module."""
