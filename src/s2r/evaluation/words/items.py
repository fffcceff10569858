"""What is said in a recording of single words: items (words, VCVs) with their phones in time.

Phones are ARPABET without stress. Times are in s from the first frame of the recording.
"""
