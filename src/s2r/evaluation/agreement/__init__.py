"""Does a video belong to its sound? A contrastive network of speech and video, and its scores."""
