# syntax=docker/dockerfile:1

# docker build .                    the gateway alone: it needs an upstream (SEGMIND_API_KEY or SEGMIND_BASE_URL)
# docker build --target sandbox .   with the sandbox, which is the upstream where neither is set

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
# Skip install scripts: only the package that installs Node has one, and the image brings its own Node.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY console console
RUN npm run build

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --workspaces=false

FROM node:26-slim AS sandbox-dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/sandbox/package.json packages/sandbox/package.json
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim AS runtime
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=build /app/dist dist
COPY --from=build /app/console/dist console/dist
COPY package.json ./
COPY schema schema
USER node
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

FROM runtime AS sandbox
COPY --from=sandbox-dependencies /app/node_modules node_modules
COPY packages/sandbox packages/sandbox

FROM runtime
COPY --from=dependencies /app/node_modules node_modules
