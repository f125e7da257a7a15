"""Output for notebooks: values as small pieces of HTML, and text below its own cell."""
