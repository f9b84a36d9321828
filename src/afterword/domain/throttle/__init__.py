"""Who is asked, who is not, and why?"""
