"""What the program asks the clouds itself, apart from Pulumi's providers: lists, look-ups, checks.

Only this package and the providers talk to a cloud; nothing in it imports pulumi.
"""
