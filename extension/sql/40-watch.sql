/*
 * extension/sql/40-watch.sql: the drift watch, which is off until a superuser
 * turns it on: event triggers write down who changed what, and when.
 *
 * Whatever goes wrong here, DDL must not fail of it; so the functions are
 * plpgsql (there is no library that could be missing), every error becomes a
 * warning, and nobody is waited for.  They are the only ones that do not run
 * with the caller's rights: who changes a schema need have none on the log.
 */

CREATE TABLE pqengine.ddl_log
(
	id				bigint GENERATED ALWAYS AS IDENTITY,
	changed_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	changed_by		name NOT NULL,
	login			name NOT NULL DEFAULT session_user,
	command			text NOT NULL,
	kind			text,
	object			text,
	dropped			boolean NOT NULL,
	application		text NOT NULL DEFAULT current_setting('application_name'),
	address			inet DEFAULT inet_client_addr(),
	migration		text,
	CONSTRAINT ddl_log_pkey PRIMARY KEY (id)
);

CREATE INDEX ddl_log_object_idx ON pqengine.ddl_log (object);

COMMENT ON TABLE pqengine.ddl_log IS
'Who changed what, and when; written while pqengine.watch_drift(true) is on. Holds the newest 10000 changes or so; rows may be deleted at any time. Statements are not kept, since they may hold secrets.';
COMMENT ON COLUMN pqengine.ddl_log.id IS 'order of the changes';
COMMENT ON COLUMN pqengine.ddl_log.changed_at IS 'when it was made; it was committed with its transaction';
COMMENT ON COLUMN pqengine.ddl_log.changed_by IS 'the role that made it: that of SET ROLE, or the login';
COMMENT ON COLUMN pqengine.ddl_log.login IS 'the role that logged in';
COMMENT ON COLUMN pqengine.ddl_log.command IS 'the command, as in ALTER TABLE';
COMMENT ON COLUMN pqengine.ddl_log.kind IS 'the kind of object, in the server''s words';
COMMENT ON COLUMN pqengine.ddl_log.object IS 'the object, qualified; null where the server does not say (GRANT and REVOKE)';
COMMENT ON COLUMN pqengine.ddl_log.dropped IS 'whether the object is gone by it';
COMMENT ON COLUMN pqengine.ddl_log.application IS 'application_name of the session';
COMMENT ON COLUMN pqengine.ddl_log.address IS 'where it came from; null over a Unix socket';
COMMENT ON COLUMN pqengine.ddl_log.migration IS
'the migration that made the change, or ensure_tables; null where it was made by other means';

SELECT pg_catalog.pg_extension_config_dump('pqengine.ddl_log', '');
SELECT pg_catalog.pg_extension_config_dump('pqengine.ddl_log_id_seq', '');

-- The owner of the database reads and prunes it; INSERT and the sequence are for dump and restore.
GRANT SELECT, INSERT, DELETE ON pqengine.ddl_log TO @extowner@, pg_database_owner WITH GRANT OPTION;
GRANT SELECT, UPDATE ON SEQUENCE pqengine.ddl_log_id_seq TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION pqengine.watch_ddl()
RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	/* SECURITY DEFINER hides the current role, but not the setting */
	who name := coalesce(nullif(current_setting('role'), 'none'), session_user);
	migration text := nullif(current_setting('pqengine.migration', true), '');
	newest bigint;
BEGIN
	IF tg_event = 'sql_drop' THEN
		INSERT INTO pqengine.ddl_log (changed_by, command, kind, object, dropped, migration)
		SELECT who, tg_tag, d.object_type, d.object_identity, true, migration
		FROM pg_event_trigger_dropped_objects() d
		WHERE (d.original OR d.normal) AND NOT d.is_temporary
			AND d.schema_name IS DISTINCT FROM 'pqengine'
			AND d.object_identity NOT LIKE '"\_RETURN" on %';
	ELSIF tg_tag NOT IN ('REFRESH MATERIALIZED VIEW', 'REINDEX') THEN
		/* what an extension's script makes is the doing of CREATE EXTENSION */
		INSERT INTO pqengine.ddl_log (changed_by, command, kind, object, dropped, migration)
		SELECT who, c.command_tag, c.object_type, c.object_identity, false, migration
		FROM pg_event_trigger_ddl_commands() c
		WHERE NOT c.in_extension
			AND (c.schema_name IS NULL OR c.schema_name NOT IN ('pg_temp', 'pqengine'));
	END IF;

	/* now and then, without waiting for another session that does the same */
	SELECT max(l.id) INTO newest FROM pqengine.ddl_log l;
	IF newest % 100 = 0 THEN
		DELETE FROM pqengine.ddl_log l
		WHERE l.id IN (SELECT o.id FROM pqengine.ddl_log o
					   WHERE o.id <= newest - 10000 FOR UPDATE SKIP LOCKED);
	END IF;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'pqengine could not record a change of the schema: %', sqlerrm;
END;
$$;

COMMENT ON FUNCTION pqengine.watch_ddl() IS
'Event trigger function of the drift watch; see pqengine.watch_drift().';

REVOKE ALL ON FUNCTION pqengine.watch_ddl() FROM PUBLIC;

CREATE FUNCTION pqengine.watch_drift(enable boolean DEFAULT true)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger name;
	is_on boolean := false;
BEGIN
	IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
		RAISE insufficient_privilege USING
			MESSAGE = 'only a superuser may turn the drift watch on or off',
			DETAIL = 'It needs event triggers, which PostgreSQL lets only superusers make.';
	END IF;
	/* made anew, so that they are enabled and both there */
	FOR trigger IN
		SELECT e.evtname FROM pg_event_trigger e
		WHERE e.evtfoid = 'pqengine.watch_ddl()'::regprocedure
	LOOP
		is_on := true;
		EXECUTE format('DROP EVENT TRIGGER %I', trigger);
	END LOOP;
	IF enable THEN
		CREATE EVENT TRIGGER pqengine_watch_end ON ddl_command_end
			EXECUTE FUNCTION pqengine.watch_ddl();
		CREATE EVENT TRIGGER pqengine_watch_drop ON sql_drop
			EXECUTE FUNCTION pqengine.watch_ddl();
	END IF;
	RETURN is_on;
END;
$$;

COMMENT ON FUNCTION pqengine.watch_drift(boolean) IS
'Turns the drift watch of this database on or off: event triggers that record each change of a schema in pqengine.ddl_log, with who made it. For superusers. Returns whether it was on before.';

CREATE FUNCTION pqengine.drift_by(
	models text,
	options jsonb DEFAULT '{}',
	OUT change text,
	OUT kind text,
	OUT object text,
	OUT property text,
	OUT expected text,
	OUT actual text,
	OUT changed_by name,
	OUT changed_at timestamptz,
	OUT command text,
	OUT application text,
	OUT migration text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF NOT has_table_privilege('pqengine.ddl_log', 'SELECT') THEN
		RETURN QUERY
		SELECT d.change, d.kind, d.object, d.property, d.expected, d.actual,
			   NULL::name, NULL::timestamptz, NULL, NULL, NULL
		FROM pqengine.drift(models, options) d;
		RETURN;
	END IF;

	/*
	 * The log names the object that was changed, or only the one that it is
	 * part of; a constraint, a trigger and the like are "name on table" in it.
	 * It does not name the objects of GRANT and REVOKE.
	 */
	RETURN QUERY
	SELECT d.change, d.kind, d.object, d.property, d.expected, d.actual,
		   l.changed_by, l.changed_at, l.command, l.application, l.migration
	FROM pqengine.drift_places(models, options) WITH ORDINALITY d
		 LEFT JOIN LATERAL (
			SELECT l.*
			FROM pqengine.ddl_log l
			WHERE CASE WHEN d.kind = 'privilege' THEN false
					   WHEN d.kind = 'comment' THEN
						   l.command = 'COMMENT' AND l.object = regexp_replace(d.object, '^([A-Z]+ )+', '')
					   ELSE l.command <> 'COMMENT' AND l.object IN (d.object, d.part_of,
						   substr(d.object, length(d.part_of) + 2) || ' on ' || d.part_of)
				  END
			ORDER BY (l.object <> d.part_of OR d.object = d.part_of)
				AND l.dropped = (d.change = 'missing') DESC, l.id DESC
			LIMIT 1) l ON true
	ORDER BY d.ordinality;
END;
$$;

COMMENT ON FUNCTION pqengine.drift_by(text, jsonb) IS
'pqengine.drift() with the last change of each object that the drift watch has recorded: by whom, when, with which command; null where it has recorded none, or the caller may not read pqengine.ddl_log.';
