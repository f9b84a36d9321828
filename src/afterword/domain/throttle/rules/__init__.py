"""What does each rule say of an event, a person and a survey, and what did it see?"""
