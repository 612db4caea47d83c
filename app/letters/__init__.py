"""What the person gets: letters, and the package with their data."""
