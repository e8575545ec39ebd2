"""The page: where people without Home Assistant look, and where masks and settings are made.

    bridge             what the main thread tells the page, and the orders that it takes
    access             who may look: tokens, passwords, sessions
    routes             one module for each kind of request
    state_view         what is true now, as the page shows it
    day_view           a day, as the page shows it
    recent             the last judged frames, for somebody who watches
    verdict_questions  questions to the log of verdicts: a day's curve, and why nothing happened

It reads frozen snapshots and sends typed orders; it never touches detection, a camera or the store.
"""
