"""A small truck auction, generated from a seed: pages, photos and the right answer."""
