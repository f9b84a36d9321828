"""How do surveys and policies come in, change and go out?"""
