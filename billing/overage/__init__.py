"""What was used beyond the plan, told to whoever bills it: all of it, and each minute once."""
