# Stands for the image rust:1-bookworm, which is in a registry: what its toolchain needs beside
# itself. The machine's toolchain is mounted over /usr/local/rust. The build is a quick one, which
# only makes the library and the command larger; tests/install makes them as they are released.
ARG BASE
FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev libssl-dev make pkgconf \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CARGO_HOME=/usr/local/cargo \
    CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1
