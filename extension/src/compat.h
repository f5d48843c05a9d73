/*-------------------------------------------------------------------------
 *
 * compat.h
 *		The only place that knows how PostgreSQL versions differ.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_COMPAT_H
#define PQE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "pqengine needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "commands/typecmds.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/* How a function that does not return is declared: as 18 spells it, in front of it. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* Rights on objects: PostgreSQL 16 has one function for all classes. */
#if PG_VERSION_NUM >= 160000
#define pqe_object_ownercheck(classid, objid, role) \
	object_ownercheck(classid, objid, role)
#define pqe_namespace_aclcheck(objid, role, mode) \
	object_aclcheck(NamespaceRelationId, objid, role, mode)
#define pqe_database_aclcheck(objid, role, mode) \
	object_aclcheck(DatabaseRelationId, objid, role, mode)
#else
#define pqe_object_ownercheck(classid, objid, role) \
	((classid) == NamespaceRelationId ? pg_namespace_ownercheck(objid, role) : \
	 pg_class_ownercheck(objid, role))
#define pqe_namespace_aclcheck(objid, role, mode) \
	pg_namespace_aclcheck(objid, role, mode)
#define pqe_database_aclcheck(objid, role, mode) \
	pg_database_aclcheck(objid, role, mode)
#endif

/* Moves a row or array type along with what it belongs to. */
#if PG_VERSION_NUM >= 170000
#define pqe_alter_type_namespace(type, namespace, moved) \
	AlterTypeNamespaceInternal(type, namespace, false, false, false, moved)
#else
#define pqe_alter_type_namespace(type, namespace, moved) \
	AlterTypeNamespaceInternal(type, namespace, false, false, moved)
#endif

/* Is exactly this lock held? */
#if PG_VERSION_NUM >= 170000
#define pqe_lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define pqe_lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif

/* The name of a relation's file. */
#if PG_VERSION_NUM >= 160000
#define PQE_RELFILENUMBER(rel) ((rel)->rd_locator.relNumber)
#else
#define PQE_RELFILENUMBER(rel) ((rel)->rd_node.relNode)
#endif

/* Columns of system catalogs that came later, for use inside SQL text. */
#if PG_VERSION_NUM >= 170000
#define PQE_SQL_COLLATION_LOCALE "c.colllocale"
#else
#define PQE_SQL_COLLATION_LOCALE "c.colliculocale"
#endif

/*
 * From 18 on NOT NULL is a row of pg_constraint (nn), with a name of its own and
 * more; we keep all that properties of the column (a, of the relation c).  The
 * name that the server chooses is not worth telling; a number at its end says
 * only what else there was then.
 */
#if PG_VERSION_NUM >= 180000
#define PQE_SQL_NOT_NULL_PROPERTIES \
"CASE WHEN rtrim(nn.conname, '0123456789') <> c.relname || '_' || a.attname || '_not_null' THEN nn.conname END AS not_null_name," \
"nullif(nn.connoinherit, false) AS not_null_no_inherit, nullif(NOT nn.convalidated, false) AS not_null_not_valid," \
"nn.conname AS _not_null_name, nn.coninhcount > 0 AS _not_null_inherited"
#define PQE_SQL_NOT_NULL_JOIN \
" LEFT JOIN (SELECT conrelid, conkey[1] AS attnum, conname, connoinherit, convalidated, coninhcount FROM pg_constraint" \
"             WHERE contype = 'n' AND conrelid <> 0 OFFSET 0) nn" \
"   ON a.attnotnull AND nn.conrelid = a.attrelid AND nn.attnum = a.attnum"
#else
#define PQE_SQL_NOT_NULL_PROPERTIES \
"NULL AS not_null_name, NULL AS not_null_no_inherit, NULL AS not_null_not_valid, NULL AS _not_null_name, NULL AS _not_null_inherited"
#define PQE_SQL_NOT_NULL_JOIN ""
#endif

/* The same of a domain (t), from 17 on: its name. */
#if PG_VERSION_NUM >= 170000
#define PQE_SQL_DOMAIN_NOT_NULL \
"(SELECT conname FROM pg_constraint WHERE contypid = t.oid AND contype = 'n')"
#else
#define PQE_SQL_DOMAIN_NOT_NULL "NULL"
#endif

/* The constraints that are facts of their own. */
#define PQE_SQL_CONSTRAINT_TYPES "('c', 'f', 'p', 'u', 'x')"

/* Of constraints that say no more than their columns or expression do: what 18 has added. */
#if PG_VERSION_NUM >= 180000
#define PQE_SQL_CONSTRAINT_IS_PLAIN "k.conenforced AND NOT k.conperiod"
#define PQE_SQL_CONSTRAINT_PERIOD "k.conperiod"
#else
#define PQE_SQL_CONSTRAINT_IS_PLAIN "true"
#define PQE_SQL_CONSTRAINT_PERIOD "false"
#endif

/*
 * [NOT] ENFORCED, behind a constraint: a node of its own, as the parser leaves
 * it.  False for any other node.
 */
static inline bool
pqe_absorb_enforcement(Constraint *constraint, const Constraint *attribute)
{
#if PG_VERSION_NUM >= 180000
	bool		enforced = attribute->contype == CONSTR_ATTR_ENFORCED;

	if (!enforced && attribute->contype != CONSTR_ATTR_NOT_ENFORCED)
		return false;
	constraint->is_enforced = enforced;
	constraint->skip_validation = !enforced;
	constraint->initially_valid = enforced;
	return true;
#else
	return false;
#endif
}

#endif							/* PQE_COMPAT_H */
