"""What people run: the commands, the studio, the rating study."""
