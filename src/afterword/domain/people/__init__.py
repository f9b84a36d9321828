"""Who is a person, and by which handles is she known?"""
