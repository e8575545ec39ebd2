"""Settings of a camera as the seed had them, for tests of vision and tuning."""

from agent.core.orders import VisionSettings

SETTINGS = VisionSettings(
    armed=True,
    pixel_threshold=50,
    min_changed=0.0814,
    max_changed=16.28,
    post_frames=4,
    record=True,
    monitoring_interval=0.0,
)
