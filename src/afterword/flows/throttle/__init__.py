"""Who is asked about an event, and who can see why?"""
