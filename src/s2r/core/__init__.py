"""What every stage needs and that knows no stage: units, files, media, errors, progress, jobs."""
