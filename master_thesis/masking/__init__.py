"""From marks on a few frames to a mask for every frame."""
