# docker build -t undertone . && docker run --rm -p 7860:7860 undertone
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 listener
WORKDIR /home/listener/undertone

# Before the code, so that a change of it installs nothing anew.
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY app app
COPY assets assets
COPY models models

USER listener
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860', timeout=5)"]
CMD ["python", "-m", "app", "--host", "0.0.0.0"]
