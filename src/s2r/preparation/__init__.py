"""Stage 3, what models are trained on: frames, embeddings, and what is derived from them."""
