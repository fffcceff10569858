"""The denoiser, its diffusion formalism, and the regression it corrects."""
