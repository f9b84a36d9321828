"""How does an invitation reach a person, and her answer us?"""
