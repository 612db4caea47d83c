"""What is taken in and what is given out, as pydantic models. Never a table."""
