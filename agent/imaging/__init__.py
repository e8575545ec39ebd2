"""Pictures as bytes and arrays: turning, decoding, encoding, drawing.

Pure functions over cv2 and numpy: no state, no threads, no files. May import
`agent.core` and `schemas` only.
Vision and storage share it: they may not import each other, and core may not import cv2.
"""
