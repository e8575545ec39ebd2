"""The first start: what a child process of the page tries for a user who sets up the first camera.

    child      the process: one task, one answer
    cameras    finds cameras, tries one
    broker     logs in at a broker
    store      looks at a folder
    writing    the configuration file

The process that asks has a deadline and kills the child; nothing here touches the running agent.
"""
