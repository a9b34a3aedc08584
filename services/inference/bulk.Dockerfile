# The image of `inference score`, and of the nodes of a Ray cluster that it runs on. Apart from the
# API's, which stays without Arrow and Ray.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements/build.txt ./
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --quiet --require-hashes --requirement build.txt
# Dependencies first: this layer changes only with the lock.
COPY services/inference/requirements-bulk.txt ./
RUN python -m venv --without-pip /opt/app \
 && /opt/build/bin/uv pip sync --quiet --no-cache --compile-bytecode --python /opt/app/bin/python \
      --require-hashes requirements-bulk.txt
# The services' own packages.
COPY libs/contract libs/contract
COPY services/inference services/inference
RUN /opt/build/bin/pip wheel --quiet --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels \
      ./libs/contract ./services/inference \
 && /opt/build/bin/uv pip install --quiet --no-cache --no-deps --compile-bytecode \
      --python /opt/app/bin/python /wheels/*.whl \
 && /opt/app/bin/python -c 'import inference.bulk.cluster, inference.bulk.counting, inference.bulk.job'

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="radar-inference-bulk" \
      org.opencontainers.image.description="Scores files of tweets, on one machine or on Ray"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin radar \
 && install --directory --owner=radar --group=radar /data
COPY --from=build /opt/app /opt/app
ENV PATH=/opt/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data \
    RAY_USAGE_STATS_ENABLED=0
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["inference", "score"]
CMD ["--help"]
# Last: it changes with every commit.
ARG REVISION=unknown
LABEL org.opencontainers.image.revision="${REVISION}"
