# Mynah in a container. Building needs this folder, PyPI, and PyTorch's index for torch.
#   docker build -t mynah .                               for processors
#   docker build -t mynah:cuda --build-arg TORCH=cu130 .  for NVIDIA's GPUs: a name that PyTorch's index has
#   docker build --build-arg EXTRAS=tracking …            with W&B and trackio
ARG PYTHON=3.12.12-slim-trixie

FROM python:${PYTHON} AS builder
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src

# The largest first, then what else is needed, then Mynah: a change of the code installs only the last anew. Torch comes
# alone from its own index, whatever else that index has: the rest is PyPI's, as constraints.txt pins it. Its tests and its
# headers, for those who compile, are 145 MB.
COPY constraints.txt ./
ARG TORCH=cpu
RUN grep '^torch==' constraints.txt > torch.txt \
    && pip install --no-deps --index-url "https://download.pytorch.org/whl/${TORCH}" -r torch.txt \
    && rm -r /opt/venv/lib/python3*/site-packages/torch/test /opt/venv/lib/python3*/site-packages/torch/include
COPY pyproject.toml ./
ARG EXTRAS=
RUN python -c 'import sys, tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
print(*p["dependencies"], *(d for e in sys.argv[1].split(",") if e for d in p["optional-dependencies"][e]), sep="\n")' \
    "${EXTRAS}" > requirements.txt \
    && pip install -c constraints.txt -r requirements.txt
COPY LICENSE README.md config.example.toml ./
COPY bot ./bot
COPY trainer ./trainer
RUN pip install --no-deps .

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Mynah" \
      org.opencontainers.image.description="A self-hosted persona bot for Discord and Telegram" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# The number is fixed, for folders of the host that are mounted as /data: chown -R 10001:10001 them.
RUN groupadd --gid 10001 mynah \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin mynah \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=builder /opt/venv /opt/venv
# All state is in /data, caches and base models from a hub included; /data/config.toml is read if it is there. The root
# filesystem may be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    HF_HOME=/data/cache/huggingface \
    MYNAH_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["mynah", "health"]
ENTRYPOINT ["mynah"]
CMD ["run"]
