# Two stages: the wheel is built in the first, only what runs is in the second.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY agent agent
COPY schemas schemas
COPY ha_discovery ha_discovery
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends libportaudio2 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(ls /wheels/*.whl)[demo]" && rm -rf /wheels \
 && groupadd --gid 10001 agent \
 && useradd --uid 10001 --gid 10001 --create-home agent \
 && install -d -o agent -g agent /var/lib/surveillance-agent /data
USER agent
WORKDIR /data
ENV PYTHONUNBUFFERED=1
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["surveillance-agent", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["surveillance-agent"]
CMD ["run"]
