# The image of clusterless, and one for labs with the tools that people use in them:
#   docker build -t clusterless .
#   docker build -t clusterless-lab --target lab .
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
# `extras`: what to install beside, as "[docker]", which finds Pods among containers.
ARG EXTRAS=[docker]
# No pip in the image: this one installs into an environment without.
RUN python3 -m venv --without-pip /opt/clusterless
COPY pyproject.toml README.md LICENSE ./
COPY controlplane controlplane
COPY proxy proxy
COPY dns dns
COPY lab lab
COPY clusterless clusterless
RUN python3 -m pip --python /opt/clusterless/bin/python install --no-cache-dir --compile --root-user-action=ignore ".${EXTRAS}"

FROM ${PYTHON} AS base
LABEL org.opencontainers.image.title="clusterless" \
      org.opencontainers.image.description="Kubernetes Services without a cluster: kube-proxy and cluster DNS in userspace" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim-bookworm"
ENV PATH=/opt/clusterless/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["clusterless"]
CMD ["--help"]
HEALTHCHECK --interval=10s --timeout=15s --start-period=30s CMD ["clusterless", "healthz"]

# With dig, curl and ip: hosts of a lab are there to be looked at.
FROM base AS lab
USER 0
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bind9-dnsutils curl iproute2 nftables \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf /var/log/*
USER 65532:65532
COPY --from=build /opt/clusterless /opt/clusterless

FROM base
COPY --from=build /opt/clusterless /opt/clusterless
