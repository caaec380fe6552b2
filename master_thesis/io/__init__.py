"""Files: frames, masks, videos, weights."""
