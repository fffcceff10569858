"""What all stages share: units, files, media, errors, progress, jobs."""
