# Three stages: the pages are built with Node; the wheel is built and installed, with its locked packages, into an environment
# of its own; the last image holds that environment alone, without compilers, sources or package caches. No package source is
# named: builds use the builder's own settings.

FROM node:24.15.0-trixie-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.13.13-slim-trixie AS wheel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/run.lock requirements/build.lock requirements/
RUN python -m venv /opt/yinling \
    && /opt/yinling/bin/pip install --require-hashes -r requirements/run.lock \
    && pip install --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY alerts/ alerts/
COPY api/ api/
COPY core/ core/
COPY devices/ devices/
COPY ingest/ ingest/
COPY people/ people/
COPY timeseries/ timeseries/
COPY yinling/ yinling/
COPY --from=pages /src/api/static/ api/static/
RUN python -m hatchling build -t wheel -d /dist && /opt/yinling/bin/pip install --no-deps /dist/*.whl

FROM python:3.13.13-slim-trixie
ENV PATH=/opt/yinling/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 YINLING_DATA_DIR=/data
# The printed sheet needs Pango and a font with Chinese letters; a backup needs pg_dump, of the server's version or newer.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk postgresql-client \
    && rm -rf /var/lib/apt/lists/*
# Every volume of docker-compose.yml has its place here: an engine gives an empty volume the owner of the folder it covers.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin yinling \
    && install -d -o yinling -g yinling -m 0700 /data /data/broker /volumes \
    && install -d -o yinling -g yinling -m 0700 \
        /volumes/authority /volumes/backups /volumes/broker-2 /volumes/broker-3 /volumes/caddy /volumes/grafana /volumes/influxdb /volumes/prometheus \
        /secrets /secrets/caddy /secrets/grafana /secrets/influxdb /secrets/prometheus /secrets/postgres /secrets/yinling
COPY --from=wheel /opt/yinling/ /opt/yinling/
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 1883 1884
ENTRYPOINT ["yinling"]
CMD ["run", "--host", "0.0.0.0"]
