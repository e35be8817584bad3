"""Modules compiled in a process apart, and what was compiled kept between runs."""
