"""From files to clips: what is on disk, which frames make a clip, and how Lightning gets it."""
