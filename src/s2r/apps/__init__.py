"""What users run: the commands of ``s2r``, the studio, the rating study."""
