"""Configurations of Motion, motionEye and Frigate, as far as they can be carried over."""
