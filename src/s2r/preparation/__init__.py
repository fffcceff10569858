"""Stage 3, the data for models: frames, embeddings, and the measures derived from them."""
