"""Output for notebooks: values as small pieces of HTML, and text below the cell that it belongs to."""
