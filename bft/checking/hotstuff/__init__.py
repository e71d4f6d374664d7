"""HotStuff under examination: what must hold (H1 to H11), what a liar can say, schedules that know locks, bugs."""
