"""Merging: what several processes saw of the same runs becomes what one process would have published."""
