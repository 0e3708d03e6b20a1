"""What is being worked on, and what happened: one JSON object per line, without anybody's
number, address or secret."""
