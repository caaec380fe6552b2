"""The page in the browser: draw on a frame, carry the mask through the video, remove, compare."""
