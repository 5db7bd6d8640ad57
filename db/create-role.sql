-- Creates the role of the service, which owns only its database. Runs once, when the Postgres of docker-compose.yml sets up
-- its volume. The password is the one in the service's DATABASE_URL.
\set password `sed 's|^postgres://doorcode:\(.*\)@.*|\1|' /run/secrets/database-url`
create role doorcode login password :'password';
create database doorcode owner doorcode;
