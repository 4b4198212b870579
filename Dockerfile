# syntax=docker/dockerfile:1
# Built in one stage and run in another: what builds stays behind.

FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# Those of watching, too: the variables that switch it on reach no installer.
COPY requirements/base.txt requirements/base.txt
COPY requirements/watching.txt requirements/watching.txt
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --require-hashes --only-binary :all: \
      -r requirements/watching.txt \
 && .venv/bin/python -m pip uninstall --yes pip
COPY manage.py LICENSE .env.example ./
COPY bin bin
COPY deploy/render-web deploy/render-web
COPY nexus nexus
RUN .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
 && .venv/bin/python -m compileall -q nexus

FROM python:3.13-slim-bookworm
RUN groupadd --gid 1000 nexus \
 && useradd --uid 1000 --gid nexus --no-create-home --home-dir /var/lib/nexus nexus \
 && install -d -o nexus -g nexus -m 700 /var/lib/nexus /var/backups/nexus \
 && python -m pip uninstall --yes pip
COPY --from=build /app /app
ENV HOST=0.0.0.0 \
    NEXUS_HOME=/var/lib/nexus \
    PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000
EXPOSE 8000
# Asks the web server of this container. A worker has a check of its own: compose.yaml.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["nexus", "ready"]
CMD ["nexus", "run"]
