"""Calibration: a panel's numbers estimated from recorded answers, and tried on questions held out."""
