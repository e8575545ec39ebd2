"""The page: where people without Home Assistant look, and where masks and settings are made.

    desk      the agent's side: what the main thread tells, and the orders that it takes
    access    who may look: tokens, passwords, sessions
    routes    one module for each kind of request
    archive   what the store's reading child says
    recent    the last judged frames, for somebody who watches
    past      what the log of verdicts knows of a day, and why nothing happened

It reads frozen snapshots and sends typed orders; it never touches detection, a camera or the store.
"""
