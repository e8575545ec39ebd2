"""What moved: names a motion event as person, vehicle or animal, once an event, never in its way.

    vision --MotionPicture--> tap --mailbox of 8--> worker (one thread for all cameras)
                                                      |  picture and box, one at a time
                                                    child process: decodes, crops, runs the network
                                                      |  what it saw where the motion is
                                                    worker: the event's name so far
                                                      +--> engine (MQTT), recorder (manifest)

Pure: `labels`, `geometry`, `adapters` (what comes out of a network), `verdict` (from looks to a
name). Shells: `network` and `child` (the only place where OpenCV loads a network: a bad file can
end its process), `link` (the near end), `worker`, `model_files` (which files are known).

May import `agent.runtime`, `agent.imaging`, `agent.core`. This file imports nothing, so that the
child starts fast.
"""
