"""Takes notes of what the app calls and gets, in the app's own threads, and changes nothing of it."""
