"""``s2r studio``: a page to record or choose speech and to watch the generated video."""
