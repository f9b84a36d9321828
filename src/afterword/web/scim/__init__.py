"""SCIM 2.0, by which identity providers keep the directory."""
