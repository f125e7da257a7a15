"""What notebooks show: values as small pieces of HTML, and what is printed below the cell it belongs to."""
