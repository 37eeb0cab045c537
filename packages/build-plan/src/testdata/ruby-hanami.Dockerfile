# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ruby:3.3-slim-trixie AS packages
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git libyaml-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test \
    BUNDLE_DEPLOYMENT=1
COPY Gemfile Gemfile.lock ./
RUN mkdir -p /usr/local/bundle && bundle install --jobs=4 --retry=3 && rm -rf /usr/local/bundle/ruby/*/cache

# What visitors' browsers get.
FROM packages AS build
WORKDIR /app
ENV HANAMI_ENV=production HANAMI_SERVE_ASSETS=true
COPY . .
RUN bundle exec hanami assets compile

# What runs.
FROM ruby:3.3-slim-trixie
WORKDIR /app
ENV HANAMI_ENV=production \
    HANAMI_SERVE_ASSETS=true \
    BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test \
    BUNDLE_DEPLOYMENT=1 \
    PORT=8080
COPY --from=packages /usr/local/bundle /usr/local/bundle
COPY --from=build /app ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:8080", "config.ru"]
