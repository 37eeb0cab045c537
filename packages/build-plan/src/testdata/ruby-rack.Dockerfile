# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ruby:3.3-slim-trixie AS packages
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git libyaml-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . ./
RUN mkdir -p /usr/local/bundle && gem install rack rackup puma

# What runs.
FROM ruby:3.3-slim-trixie
WORKDIR /app
ENV PORT=8080
COPY --from=packages /usr/local/bundle /usr/local/bundle
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["sh", "-c", "exec rackup -o 0.0.0.0 -p $PORT"]
