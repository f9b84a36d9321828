"""How do others load people: files, sources, SCIM?"""
