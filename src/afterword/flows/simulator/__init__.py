"""What would a survey do to past events?"""
