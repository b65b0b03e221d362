-- The database's users, made or changed by the master user; safe to run again. It is given, as settings of the session,
-- `sparki.application_username`, `sparki.application_password` and the same two of `migrations`: so no password is part
-- of a statement, and none reaches the server's statement log.
--
--   sparki_owner        owns the database and what migrations make; nobody logs in as it
--   sparki_application  may read and write rows; nobody logs in as it
--   <application>       logs in for the engine and the seed, with the rights of sparki_application
--   <migrations>        logs in for migrations, and acts as sparki_owner
--
-- A rotation names new users. Those of the rotation before stay until the next one, so that pods that still run with
-- them lose nothing; older ones are dropped.
SET LOCAL client_min_messages = warning;

DO $$
DECLARE
  owner_role CONSTANT name := 'sparki_owner';
  data_role CONSTANT name := 'sparki_application';
  object record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner_role) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', owner_role);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = data_role) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', data_role);
  END IF;
  -- Who gives something away must be able to act as who gets it.
  EXECUTE format('GRANT %I TO %I', owner_role, current_user);

  IF (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) <> owner_role THEN
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner_role);
  END IF;
  IF (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public') = current_user THEN
    EXECUTE format('ALTER SCHEMA public OWNER TO %I', owner_role);
  END IF;
  -- What an earlier release's migrations made as the master user; a column's own sequence goes with its table.
  FOR object IN
    SELECT c.oid::regclass AS name, c.relkind AS kind FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole
      AND (c.relkind IN ('r', 'p', 'v', 'm', 'f') OR c.relkind = 'S' AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
      ))
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO %I',
      CASE object.kind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
        WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      object.name, owner_role);
  END LOOP;
END
$$;

-- Rows only: no object can be made, changed, emptied or dropped, and nobody else connects.
DO $$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO sparki_application', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO sparki_application;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO sparki_application;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO sparki_application;
ALTER DEFAULT PRIVILEGES FOR ROLE sparki_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sparki_application;
ALTER DEFAULT PRIVILEGES FOR ROLE sparki_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO sparki_application;

-- The users that log in.
DO $$
DECLARE
  purpose text;
  member_of name;
  username name;
  password text;
  old name;
BEGIN
  FOR purpose, member_of IN VALUES ('application', 'sparki_application'), ('migrations', 'sparki_owner') LOOP
    username := current_setting(format('sparki.%s_username', purpose));
    password := current_setting(format('sparki.%s_password', purpose));
    IF username NOT LIKE format('sparki\_%s\_%%', purpose) OR length(password) < 32 THEN
      RAISE EXCEPTION 'the % user is not named sparki_%_<date>, or has a short password', purpose, purpose;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = username) THEN
      EXECUTE format('CREATE ROLE %I', username);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN INHERIT NOCREATEDB NOCREATEROLE PASSWORD %L', username, password);
    EXECUTE format('GRANT %I TO %I', member_of, username);
    IF purpose = 'migrations' THEN
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET role = %L', username, current_database(), member_of);
    END IF;
    FOR old IN
      SELECT rolname FROM pg_roles
      WHERE rolname LIKE format('sparki\_%s\_%%', purpose) AND rolname <> username
      ORDER BY rolname DESC OFFSET 1
    LOOP
      EXECUTE format('DROP ROLE %I', old);
    END LOOP;
  END LOOP;
END
$$;
