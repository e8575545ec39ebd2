"""Where frames come from: one `FrameSource` per camera, each in its own family's package.

May import `agent.runtime` and `agent.core`. Vision, storage, mqtt and audio may not import it:
frames reach them through mailboxes. `scenes` (pictures to play) serves the simulator.
"""
