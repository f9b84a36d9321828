"""How do people come, change, merge and go?"""
