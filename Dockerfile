# Build:  docker build --build-arg COMMIT=$(git rev-parse HEAD) -t abstractgateway .
#         --build-arg FLAVOUR=light: without local models; FLAVOUR=cuda: with llama.cpp for NVIDIA's cards (amd64)
#         --platform linux/arm64: for arm64, on such a machine or under emulation
# Run:    docker run --read-only --tmpfs /tmp -p 8080:8080 -v gateway-data:/data -e ABSTRACTGATEWAY_AUTH_TOKEN=… abstractgateway

FROM node:22-bookworm-slim AS build
WORKDIR /source
ARG COMMIT=unknown
ARG FLAVOUR=default
ENV BUILD_COMMIT=$COMMIT
COPY . .
# The executable and the C and C++ run-time libraries: no shell, no package manager, nothing else.
RUN node build/bootstrap.mjs image /root-of-image --flavour "$FLAVOUR" && mkdir /empty

FROM scratch
COPY --from=build /root-of-image /
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build /source/LICENSE /usr/share/doc/abstractgateway/LICENSE
# HOME: native code is unpacked below it, and libraries look there for the user's folder.
ENV HOME=/data \
    ABSTRACTGATEWAY_DATA_DIR=/data \
    ABSTRACTGATEWAY_HOST=0.0.0.0 \
    ABSTRACTGATEWAY_PORT=8080
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/abstractgateway", "health"]
ENTRYPOINT ["/usr/local/bin/abstractgateway"]
CMD ["serve"]
