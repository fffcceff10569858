"""Single words and VCVs: found in recordings, cut out, scored."""
