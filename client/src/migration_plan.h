/*
 * migration_plan.h - turns the plan from the database to the models into a migration file
 */
#ifndef PQE_MIGRATION_PLAN_H
#define PQE_MIGRATION_PLAN_H

#include "migration_session.h"

/*
 * Plans the way from the database to the engine's models, and makes a migration of it that is not
 * written yet.
 *
 *   message   what it is for; line breaks become spaces
 *   *found    whether there is anything to do; if not, *file stays empty.  Steps that drop what the
 *             models no longer hold count only where the plan options allow them: they are written
 *             as comments
 *   *file     to be freed with pqe_migration_file_free
 */
pqe_status pqe_migration_plan(pqe_migration_session *session, const char *message, bool *found,
                              pqe_migration_file *file, pqe_error *error);

/*
 * Prints the rows of pqengine.plan, as PLAN_QUERY gives them, as SQL with the hazards as comments.
 */
void pqe_plan_print(const PGresult *plan, pqe_buffer *text);

/* The query whose rows pqe_plan_print takes: $1 the models, $2 the options. */
extern const char pqe_plan_query[];

#endif /* PQE_MIGRATION_PLAN_H */
