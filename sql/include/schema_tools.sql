-- What the tests of the schema engine share; included by them, and dropped by
-- each with DROP SCHEMA tools CASCADE.
CREATE SCHEMA tools;

-- Runs the plan, in one transaction and so without CONCURRENTLY, and tells
-- what was done to what.  Whatever does not add up afterwards is listed too:
-- a drift that is left, and an export that would not rebuild the same schemas
-- (those called app...).
CREATE FUNCTION tools.migrate(models text, options jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	step record;
	last text := '';
	found text[];
BEGIN
	FOR step IN SELECT * FROM pqengine.plan(models, '{"concurrently": false, "allow_drop": true}' || options) ORDER BY seq LOOP
		IF concat_ws(' ', step.action, step.kind, step.object) <> last THEN
			last := concat_ws(' ', step.action, step.kind, step.object);
			RETURN NEXT last;
		END IF;
		EXECUTE step.statement;
	END LOOP;
	RETURN QUERY SELECT * FROM tools.settled(models, options);
END $$;

CREATE FUNCTION tools.settled(models text, options jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE sql AS $$
	SELECT format('DRIFT: %s %s %s %s: expected %s, is %s', change, kind, object, property, expected, actual)
	  FROM pqengine.drift(models, options)
	UNION ALL
	SELECT 'EXPORT: ' || statement
	  FROM (SELECT array_agg(nspname::text) AS schemas FROM pg_namespace WHERE nspname LIKE 'app%') s,
		   pqengine.plan(pqengine.export(schemas), jsonb_build_object('schemas', to_jsonb(schemas), 'owners', 'all', 'privileges', 'all'));
$$;
