# Built and explained in docs/how-to/container.md. Two stages: what builds stays in the first.
# A Python on which requirements/*.txt are tested. To pin it for ever: docs/how-to/container.md, "The base image".
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE} AS build
RUN python -m venv --without-pip /opt/agent
WORKDIR /src
COPY requirements/run.txt requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && pip --python /opt/agent/bin/python install --no-cache-dir --no-compile --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY agent agent
COPY schemas schemas
COPY ha_discovery ha_discovery
COPY blueprints blueprints
COPY config/config.example.yaml config/
COPY deploy/surveillance-agent.service deploy/
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/agent/bin/python install --no-cache-dir --no-compile --no-deps /wheels/*.whl \
 && find /opt/agent/lib -type d -name tests -prune -exec rm -r {} +
# What the agent never calls: a quarter of all. docs/how-to/container.md, "Size and memory".
COPY script/lean.py script/
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev binutils >/dev/null \
 && python script/lean.py /opt/agent/lib/python3.*/site-packages
# Byte code of what the agent loads when it runs, standard library included: nobody can write it
# later, and without it every start and every health check would compile 0.5 s (on a PC) of source.
ENV PYTHONPYCACHEPREFIX=/opt/agent/pycache
WORKDIR /
RUN /opt/agent/bin/python -c "import agent.service.app, agent.demo.broker, agent.commands.ha_app, \
agent.camera.hk.simulator.command, agent.storage.store.child, agent.storage.reading.child, agent.tuning.trial, agent.first_start.child, agent.page.server, agent.audio.child, agent.classify.network, amqtt.broker, av, cv2, yaml"
# A network that names what moved (docs/how-to/classify.md): `--build-arg MODEL=yolox_nano.onnx`, a file in
# `models/` beside this one, taken by its hash. Without it: none.
ARG MODEL=
COPY README.md models* /models/
RUN if [ -n "$MODEL" ]; then cd /models && /opt/agent/bin/surveillance-agent model add --to /opt/agent/models $MODEL; fi

FROM ${BASE}
# Which source this is: docker-bake.hcl fills them in.
ARG VERSION=unknown REVISION=unknown CREATED=unknown
LABEL org.opencontainers.image.title="Surveillance agent" \
      org.opencontainers.image.description="Watches cameras, explains motion, records, speaks MQTT" \
      org.opencontainers.image.licenses="MIT AND GPL-2.0-or-later" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
RUN apt-get update \
 && apt-get install -y --no-install-recommends libportaudio2 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
 && groupadd --gid 10001 agent \
 && useradd --uid 10001 --gid agent --no-create-home --home-dir /var/lib/surveillance-agent agent \
 # volumes that are new take the owner of these folders
 && install -d -o agent -g agent /var/lib/surveillance-agent /mnt/imagestore
COPY --from=build /opt/agent /opt/agent
ENV PATH=/opt/agent/bin:$PATH PYTHONUNBUFFERED=1 PYTHONPYCACHEPREFIX=/opt/agent/pycache
USER 10001:10001
# The demo keeps its films in ./imagestore: below the state volume.
WORKDIR /var/lib/surveillance-agent
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["surveillance-agent", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["surveillance-agent"]
CMD ["run"]
