"""A numerical vocal tract: its sound is caused by the shape that its pictures show.

Results on this phantom say that a pipeline works; they are not results about real speakers.
"""
