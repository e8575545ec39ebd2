// Both machines in one build, with where it comes from: script/image.
variable "VERSION" { default = "unknown" }
variable "REVISION" { default = "unknown" }
variable "CREATED" { default = "unknown" }
variable "IMAGE" { default = "surveillance-agent" }

group "default" { targets = ["agent"] }

target "agent" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  tags      = ["${IMAGE}:${VERSION}", "${IMAGE}:latest"]
  args      = { VERSION = VERSION, REVISION = REVISION, CREATED = CREATED }
  attest    = ["type=provenance,mode=max", "type=sbom"]
}
