# Two stages: one that installs, one that runs. The second writes to /data and /tmp only, so its root may be read-only.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /srv/insyn
RUN python -m venv /venv
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/runtime.txt
COPY pyproject.toml README.md alembic.ini ./
COPY alembic alembic
COPY profiles profiles
COPY connectors connectors
COPY app app
# In place, as on a developer's machine, so that the migrations, profiles and connectors lie where the same code expects them.
RUN /venv/bin/pip install --no-deps --no-build-isolation -e . && /venv/bin/python -m compileall -q app /venv

FROM python:3.12-slim
# A number, not a name: an orchestrator can see that it is not root. It has a name nevertheless, for the tools that ask.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin insyn \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data /data/keys /data/journal
COPY --from=build /venv /venv
COPY --from=build /srv/insyn /srv/insyn
WORKDIR /srv/insyn
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INSYN_DATA_DIR=/data \
    INSYN_HOST=0.0.0.0 \
    INSYN_PORT=8000 \
    INSYN_PROFILES_DIR=/srv/insyn/profiles \
    INSYN_CONNECTORS_DIR=/srv/insyn/connectors
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Alive, not ready: a database that is away for a minute is no reason to kill the service.
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=3)"]
CMD ["insyn", "serve"]
