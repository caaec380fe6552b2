"""Image files: headers, decoding, listing."""
