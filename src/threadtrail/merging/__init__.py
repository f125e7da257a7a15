"""Merging: turns what several processes saw of the same runs into what one process would have published."""
