"""The protocol of the paper's released code, to explain its numbers; never the default."""
