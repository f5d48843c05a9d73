/*
 * extension/sql/20-helpers.sql: helpers that make objects, for use in models
 * and by hand: junction tables and the shipped trigger behaviours.
 */

CREATE FUNCTION pqengine.many_to_many("left" regclass, "right" regclass, junction text DEFAULT NULL)
RETURNS regclass
AS 'MODULE_PATHNAME', 'pqengine_many_to_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;

COMMENT ON FUNCTION pqengine.many_to_many(regclass, regclass, text) IS
'creates the junction table of two tables: a foreign key with ON DELETE CASCADE to the primary key of each, a primary key over both, and an index for the other direction';

CREATE FUNCTION pqengine.install_trigger(target regclass, behaviour text, options jsonb DEFAULT '{}')
RETURNS name
AS 'MODULE_PATHNAME', 'pqengine_install_trigger'
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;

COMMENT ON FUNCTION pqengine.install_trigger(regclass, text, jsonb) IS
'installs a trigger behaviour on a table, or replaces it: audit, immutable, notify, soft_delete, updated_at or version; returns the name of the trigger';

CREATE FUNCTION pqengine.remove_trigger(target regclass, behaviour text)
RETURNS boolean
AS 'MODULE_PATHNAME', 'pqengine_remove_trigger'
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;

COMMENT ON FUNCTION pqengine.remove_trigger(regclass, text) IS
'removes a trigger behaviour from a table; false if the table did not have it';

CREATE FUNCTION pqengine.trigger_audit()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_audit'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_audit() IS
'trigger function of behaviour audit: records each change in an audit table; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.trigger_immutable()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_immutable'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_immutable() IS
'trigger function of behaviour immutable: refuses changes of columns, or of all rows; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.trigger_notify()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_notify'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_notify() IS
'trigger function of behaviour notify: tells the listeners of a channel about each change; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.trigger_soft_delete()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_soft_delete'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_soft_delete() IS
'trigger function of behaviour soft_delete: marks rows as deleted in place of deleting them; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.trigger_updated_at()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_updated_at'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_updated_at() IS
'trigger function of behaviour updated_at: keeps the time of the last change; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.trigger_version()
RETURNS trigger
AS 'MODULE_PATHNAME', 'pqengine_trigger_version'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.trigger_version() IS
'trigger function of behaviour version: counts the updates of a row; see pqengine.install_trigger()';

CREATE FUNCTION pqengine.renamed(target text, name text DEFAULT NULL, was text DEFAULT NULL, kind text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'pqe_renamed'
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;

COMMENT ON FUNCTION pqengine.renamed(text, text, text, text) IS
'for models only: tells plan() that "target", or its column, value or attribute "name", is what was called "was" before; the models use the new names';
