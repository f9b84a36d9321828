"""What do SCIM requests mean?"""
