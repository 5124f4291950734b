"""Files of posts: one file for each format, and what they share: archives, encodings, JSON as a stream."""
