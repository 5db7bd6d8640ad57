-- Runs once, when the Postgres of docker-compose.yml sets up its volume: a role for the service that owns its database
-- and nothing else. Its password is the one in the URL that the service connects with.
\set password `sed 's|^postgres://doorcode:\(.*\)@.*|\1|' /run/secrets/database-url`
create role doorcode login password :'password';
create database doorcode owner doorcode;
