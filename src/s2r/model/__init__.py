"""The networks, their diffusion formalism and sampler, and their files."""
