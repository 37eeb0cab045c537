# What runs.
FROM ruby:3.3-slim-trixie
WORKDIR /app
ENV PORT=8080
COPY . .
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE 8080
CMD ["sh", "-c", "exec rackup -o 0.0.0.0 -p $PORT"]
