"""Programs of the development, run by make."""
