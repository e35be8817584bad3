"""What an agent in any language must do: vectors, and a guest in each language that they are put to."""
