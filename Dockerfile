# One image for the gateway and the programs beside it; which one runs is the argument:
#   docker run mcp-gateway                      the gateway
#   docker run mcp-gateway injector/main.ts     another program of this repository
FROM node:22-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The base image below has Bun already.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM oven/bun:1.4.5-slim AS build
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
# With an empty database: a first start lays it down instead of making one, in seconds and 900 MB.
RUN bun gateway/store/make-empty-database.ts --keep && bun build.ts dist

# Programs have the names here that they have in the repository, and there is nothing beside them that they do not need.
FROM oven/bun:1.4.5-slim
WORKDIR /app
COPY --from=build /app/dist ./
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000
EXPOSE 8000
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
# The cluster probes /healthz and /readyz.
HEALTHCHECK NONE
ENTRYPOINT ["bun"]
CMD ["gateway/main.ts"]
