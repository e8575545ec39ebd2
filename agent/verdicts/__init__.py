"""The log of verdicts: what became of each judged frame, kept for days; why nothing happened.

    state    how a camera is, as far as it explains why nothing happened
    block    half a minute of one camera as bytes, and back
    log      the files: bounded, appended to, read in spite of a kill at any byte
    worker   the thread that owns them
    past     curve and spans of some time, for the page
    explain  why there was, or was not, an event at some moment, in sentences

Page, MQTT and command line are answered out of the same blocks by the same functions.
"""
