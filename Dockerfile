FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The packages of production have no install scripts.
RUN npm ci --omit=dev --ignore-scripts
COPY bin bin
COPY db db
COPY src src
COPY tools tools
# Lets the user below read the files, whatever the umask of the checkout was.
RUN chmod -R a+rX package.json bin db src tools && chmod a+x bin/doorcode.js

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/bin bin
COPY --from=build /app/db db
COPY --from=build /app/src src
COPY --from=build /app/tools tools
RUN ln -s /app/bin/doorcode.js /usr/local/bin/doorcode
# Root owns all files: the service cannot change its code, and writes no file.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/server.ts"]
