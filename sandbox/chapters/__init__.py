"""The story's chapters, one a file: each plays its people through the public API and says what Insyn answers."""
