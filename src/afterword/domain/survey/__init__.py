"""What does an owner define: questions, trigger, policy?"""
