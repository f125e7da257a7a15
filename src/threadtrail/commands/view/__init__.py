"""The command ``view``: a recording as one page of HTML, to look at in a browser."""
