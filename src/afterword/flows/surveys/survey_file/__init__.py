"""How is a survey written down as a file? One file for each part of it."""
