"""What runs the Python of settings files; see ../main.py."""
