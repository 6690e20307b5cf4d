# syntax=docker/dockerfile:1
# The operator's image: built and run on Debian 12. The package lists of both stages are those of
# scripts/packages.txt; a test holds [runtime] against what the program really loads.
#
#   docker build -t poolscaler:dev .

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install_packages.sh scripts/packages.txt scripts/
RUN scripts/install_packages.sh build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY include include
COPY src src
RUN cmake --preset release -DPOOLSCALER_TESTS=OFF -DPOOLSCALER_BENCHMARKS=OFF \
    && cmake --build --preset release --target poolscaler \
    && install -D -s build/release/poolscaler /out/poolscaler

FROM debian:bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="poolscaler" \
      org.opencontainers.image.description="Scales AI workloads by demand, to zero and back." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
COPY scripts/install_packages.sh scripts/packages.txt /tmp/scripts/
RUN /tmp/scripts/install_packages.sh runtime \
    && rm -rf /tmp/scripts /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=build /out/poolscaler /usr/local/bin/poolscaler
RUN ["/usr/local/bin/poolscaler", "version"]
# Each thread would otherwise keep small free blocks of its own, several MiB together.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=0
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/poolscaler"]
CMD ["run"]
