/*-------------------------------------------------------------------------
 *
 * acl.h
 *		GRANT and REVOKE from the difference of two privilege lists.
 *
 * A list is text, one privilege a line: PRIVILEGE|GRANTABLE|GRANTEE|COLUMN,
 * with GRANTABLE t or f, GRANTEE quoted (or PUBLIC), COLUMN quoted or empty.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ACL_H
#define PQE_ACL_H

#include "script.h"

/*
 * Stands for the owner, whose privileges follow the object from one owner to
 * the next; no quoted name looks like this.
 */
#define PQE_ACL_OWNER "=owner"

/* SQL that makes such lines out of an aclitem[]. */
#define PQE_SQL_ACL_LINE_OWNED(x, column, owner) \
"format('%s|%s|%s|%s', " x ".privilege_type, CASE WHEN " x ".is_grantable THEN 't' ELSE 'f' END," \
" CASE " x ".grantee WHEN 0 THEN 'PUBLIC' WHEN " owner " THEN '" PQE_ACL_OWNER "'" \
" ELSE quote_ident(pg_get_userbyid(" x ".grantee)) END, " column ")"

#define PQE_SQL_ACL_LINE(x, column) \
"format('%s|%s|%s|%s', " x ".privilege_type, CASE WHEN " x ".is_grantable THEN 't' ELSE 'f' END," \
" CASE WHEN " x ".grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(" x ".grantee)) END, " column ")"

extern char *pqe_acl_cut(char **text, char separator);
extern const char *pqe_acl_column(const char *line);
extern char *pqe_acl_rename(const char *list, const char *from, const char *to);
extern void pqe_emit_acl(PqeScript *script, const char *prefix, const char *object,
						 const char *from, const char *to);
extern char *pqe_emit_acl_without_options(PqeScript *script, const char *object, const char *list, const char *owner);

#endif							/* PQE_ACL_H */
