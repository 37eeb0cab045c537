# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ruby:3.4-slim-trixie AS packages
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git libpq-dev libyaml-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test \
    BUNDLE_DEPLOYMENT=1
COPY Gemfile Gemfile.lock ./
RUN mkdir -p /usr/local/bundle && bundle install --jobs=4 --retry=3 && rm -rf /usr/local/bundle/ruby/*/cache

# What visitors' browsers get.
FROM packages AS build
COPY --from=node:24-trixie-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-trixie-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
WORKDIR /app
ENV RAILS_ENV=production RAILS_LOG_TO_STDOUT=1 RAILS_SERVE_STATIC_FILES=1
COPY . .
RUN npm install --global --force yarn@1.22.22 && yarn install --frozen-lockfile --production=false && SECRET_KEY_BASE_DUMMY=1 SECRET_KEY_BASE=none bundle exec rails assets:precompile && rm -rf node_modules

# What runs.
FROM ruby:3.4-slim-trixie
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV RAILS_ENV=production \
    RAILS_LOG_TO_STDOUT=1 \
    RAILS_SERVE_STATIC_FILES=1 \
    BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test \
    BUNDLE_DEPLOYMENT=1 \
    PORT=8080
COPY --from=packages /usr/local/bundle /usr/local/bundle
COPY --from=build /app ./
# It writes there while it runs. What must outlast an instance belongs on a disk.
RUN mkdir -p tmp log storage && chown -R 1000:1000 tmp log storage
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["bundle", "exec", "rails", "server", "-b", "0.0.0.0", "-p", "8080"]
