"""How do questions reach people?"""
