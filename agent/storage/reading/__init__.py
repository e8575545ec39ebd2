"""Reading the store for people who look: a child process of its own, each answer with a deadline.

Apart from the writing child: whoever looks at films must not hold up what is being recorded.
"""
