"""How is an event taken?"""
