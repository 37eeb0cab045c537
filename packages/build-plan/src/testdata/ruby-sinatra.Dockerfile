# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ruby:3.3-slim-trixie AS packages
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git libyaml-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test
COPY Gemfile ./
RUN mkdir -p /usr/local/bundle && bundle install --jobs=4 --retry=3 && rm -rf /usr/local/bundle/ruby/*/cache

# What runs.
FROM ruby:3.3-slim-trixie
WORKDIR /app
ENV APP_ENV=production \
    RACK_ENV=production \
    BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test \
    PORT=8080
COPY --from=packages /usr/local/bundle /usr/local/bundle
COPY . .
COPY --from=packages /app/Gemfile.lock ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:8080", "config.ru"]
