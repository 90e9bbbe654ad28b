# The pages are built with Node, the program runs with Python alone. No package source is named: builds use the
# builder's own settings.

FROM node:24.19-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.13-slim-bookworm
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/run.lock requirements/run.lock
RUN pip install --require-hashes -r requirements/run.lock
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
# The tree itself is the installation: its packages stand on the path, and the console script calls them.
RUN printf '#!/bin/sh\nexec python -m yinling "$@"\n' > /usr/local/bin/yinling && chmod +x /usr/local/bin/yinling \
    && useradd --system --create-home yinling && mkdir /data && chown yinling /data
ENV PYTHONPATH=/src YINLING_DATA_DIR=/data
USER yinling
VOLUME /data
EXPOSE 8080 1883 1884
ENTRYPOINT ["yinling"]
CMD ["run", "--host", "0.0.0.0"]
