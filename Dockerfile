# docker build --tag master_thesis . ; docker run --rm --volume "$PWD:/work" master_thesis remove clip.mp4 --mask masks/
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
# The default wheels of PyTorch bring CUDA; smaller, without: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_INDEX=https://pypi.org/simple
RUN apt-get update && apt-get install --yes --no-install-recommends libturbojpeg0 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" "torch>=2.11" "torchvision>=0.26"
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl
WORKDIR /work
ENTRYPOINT ["master_thesis"]
CMD ["--help"]
