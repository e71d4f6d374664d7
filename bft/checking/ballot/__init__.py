"""The ballot under examination: by which rules it decides, what a liar can say in it, and bugs seeded in it."""
