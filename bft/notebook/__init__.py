"""What is for Jupyter only; needs the extra `notebooks`."""
