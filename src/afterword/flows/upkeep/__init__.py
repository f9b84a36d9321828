"""How does the store stay whole: backup, checks, retention?"""
