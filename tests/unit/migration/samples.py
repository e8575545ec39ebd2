"""Configurations as users of the other programs have them; written for these tests."""

from __future__ import annotations

SECRET = "s3cret-Word"  # noqa: S105  nobody's

MOTION = f"""\
# a main file of Motion 5
daemon on
log_level 6
target_dir /var/lib/motion
threshold 1500
noise_level 32
framerate 10
event_gap 20
pre_capture 5
movie_output on
movie_codec mp4
picture_output first
snapshot_interval 300
webcontrol_port 8080
webcontrol_authentication admin:{SECRET}
cleandir_params action=delete,freq=daily,runtime=0200,dur_unit=w,dur_val=2
on_event_start /usr/local/bin/mail %v
colour_of_the_moon blue
camera camera1.conf
camera camera2.conf
"""
MOTION_CAMERA_1 = f"""\
device_name Front door
netcam_url rtsp://192.0.2.10:554/sub
netcam_high_url rtsp://192.0.2.10:554/main
netcam_userpass viewer:{SECRET}
rotate 180
mask_file front.pgm
mask_privacy hidden.pgm
schedule_params default=off,action=pause,mon-fri=0800-1700
"""
MOTION_CAMERA_2 = """\
camera_name = Hof
v4l2_device = /dev/video0
flip_axis = vertical
movie_output = off
rotate = 90
"""

MOTIONEYE = f"""\
# @admin_username admin
# @admin_password {SECRET}
# @lang en

setup_mode off
camera camera-1.conf
camera camera-2.conf
"""
MOTIONEYE_1 = f"""\
# @name Garden
# @enabled on
# @id 1
# @storage_device network-share
# @network_server 192.0.2.3
# @network_password {SECRET}
# @preserve_movies 30
# @preserve_pictures 7
# @working_schedule 07:00-20:00|07:00-20:00|07:00-20:00|07:00-20:00|07:00-20:00||
# @working_schedule_type outside
# @motion_detection on
# @upload_enabled off

camera_name Garden
netcam_url mjpeg://192.0.2.11:8081/video
netcam_userpass viewer:{SECRET}
target_dir /data/output/garden
threshold 2000
event_gap 30
pre_capture 10
framerate 5
movie_output on
text_left Garden
mask_file
"""
MOTIONEYE_2 = """\
# @enabled off
# @proto motioneye
# @host 192.0.2.12
camera_name Shed
"""

FRIGATE = f"""
version: 0.16-0
mqtt:
  host: 192.0.2.2
  user: frigate
  password: {SECRET}
  tls_ca_certs: /config/ca.crt
  topic_prefix: frigate
detectors: {{coral: {{type: edgetpu}}}}
go2rtc:
  streams:
    yard_main: ["ffmpeg:rtsp://admin:{SECRET}@192.0.2.20/main#video=copy"]
record:
  enabled: true
  retain: {{days: 3, mode: motion}}
  alerts: {{retain: {{days: 14}}, pre_capture: 5, post_capture: 10}}
objects: {{track: [person, car]}}
motion: {{threshold: 30, contour_area: 10}}
cameras:
  yard:
    ffmpeg:
      inputs:
        - path: rtsp://admin:{SECRET}@192.0.2.20/sub
          roles: [detect]
        - path: rtsp://127.0.0.1:8554/yard_main
          roles: [record]
    detect: {{width: 1280, height: 720, fps: 5}}
    motion:
      mask:
        clock: {{coordinates: "0,0,0.3,0,0.3,0.05,0,0.05"}}
    zones:
      Drive Way:
        coordinates: "0.1,0.4,0.9,0.4,0.9,1.1,0.1,1.1"
        loitering_time: 4
        objects: [person]
      pixels: {{coordinates: "0,360,1280,360,1280,720"}}
    review: {{alerts: {{required_zones: [Drive Way]}}}}
    onvif: {{host: 192.0.2.20}}
  porch:
    enabled: false
    ffmpeg:
      inputs:
        - path: rtsp://viewer:{{FRIGATE_RTSP_PASSWORD}}@192.0.2.21/main
          roles: [detect, record]
    motion: {{mask: ["0,0,1,0,1,0.1", "bad"]}}
  old:
    ffmpeg: {{inputs: [{{path: "rtmp://192.0.2.22/live", roles: [detect]}}]}}
"""
