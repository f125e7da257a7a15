"""Notes what the app calls and gets, in the app's own threads, without changing any of it."""
