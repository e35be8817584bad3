"""What ships to try things on."""
