"""What do we say to who is asked, in their language?"""
