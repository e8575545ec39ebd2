"""From clip parts to records: pictures are encoded, or taken as the camera sent them."""
