"""What every run leaves behind: its trace, its outcome, breaches of safety, who executed what; words and diagrams."""
