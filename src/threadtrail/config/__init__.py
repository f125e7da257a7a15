"""Settings: where they come from, which exporters they choose, and what is wrong with them."""
