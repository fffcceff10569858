"""Single words and VCV items: cut out of recordings, generated on their own, scored and shown."""
