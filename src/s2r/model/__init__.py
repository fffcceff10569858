"""The networks, their diffusion formalism and sampler, and the files that keep them."""
