"""The self test: a drawn visitor goes the way of every picture, and the test looks where it comes.

`worker` owns the test's threads and says the result; `clip_check` reads the clip back;
`decode_child` decodes it in a process of its own; `last_result` keeps what came of it. What is
decided stands in `agent.core.self_test_stages`.
"""
