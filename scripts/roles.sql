-- The roles of a new server, made once when its data folder is empty; the passwords come from the environment.
-- insyn_owner owns the tables and runs the migrations; insyn_service is what the service logs in as: it owns nothing.
\set ON_ERROR_STOP on
\getenv owner_password INSYN_OWNER_PASSWORD
\getenv service_password INSYN_SERVICE_PASSWORD
CREATE ROLE insyn_app NOLOGIN;
CREATE ROLE insyn_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE insyn_service LOGIN PASSWORD :'service_password' IN ROLE insyn_app;
CREATE DATABASE insyn OWNER insyn_owner;
REVOKE ALL ON DATABASE insyn FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE insyn TO insyn_app;
