"""What programs call beside events.track: one file for each family of methods."""
