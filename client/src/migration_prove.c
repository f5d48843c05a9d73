/*
 * migration_prove.c - runs pending migrations on a copy of the database, before they are applied
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "migrations.h"
#include "schema.h"

enum { PROOF_OK, PROOF_VERSION, PROOF_LINE, PROOF_STATEMENT, PROOF_ERROR };

/* Says where in its file a step is at fault; what is not of a step has no place. */
static void describe_failure(const pqe_migration_session *session, const PGresult *proof, int row,
                             pqe_error *failure)
{
    const char *version = pqe_answer_value(proof, row, PROOF_VERSION);
    const pqe_migration_file *file = NULL;
    int line = (int)strtol(pqe_answer_value(proof, row, PROOF_LINE), NULL, 10);

    for (size_t i = 0; i < session->folder.count; i++) {
        if (strcmp(session->folder.files[i].version, version) == 0) {
            file = &session->folder.files[i];
        }
    }
    if (file == NULL) {
        (void)pqe_error_set(failure, PQE_ERR_MIGRATION, "%s",
                            pqe_answer_value(proof, row, PROOF_ERROR));
        return;
    }
    (void)pqe_error_set(failure, PQE_ERR_MIGRATION, "%s:%d: %s", file->path,
                        file->up_line + line - 1, pqe_answer_value(proof, row, PROOF_ERROR));
    pqe_error_detail(failure, "%s", pqe_answer_value(proof, row, PROOF_STATEMENT));
}

static pqe_status query_proof(const pqe_migration_session *session, int64_t sample_rows,
                              PGresult **proof, pqe_error *error)
{
    pqe_buffer versions = PQE_BUFFER_INIT;
    pqe_buffer ups = PQE_BUFFER_INIT;
    char rows[24];
    pqe_status status;

    for (size_t i = 0; i < session->count; i++) {
        if (pqe_migration_is_in_reach(session, &session->states[i])) {
            pqe_array_append(&versions, session->states[i].version);
            pqe_array_append(&ups, session->states[i].file->up);
        }
    }
    pqe_array_end(&versions);
    pqe_array_end(&ups);
    (void)snprintf(rows, sizeof(rows), "%lld", (long long)sample_rows);
    if (pqe_buffer_failed(&versions) || pqe_buffer_failed(&ups)) {
        status = pqe_error_no_memory(error);
    } else {
        const char *parameters[] = {versions.data, ups.data, rows};

        status = pqe_schema_query_long(session->work,
                                       "SELECT ok, version, line, statement, error"
                                       " FROM pqengine.migration_prove($1, $2, $3)",
                                       3, parameters, proof, error);
    }
    pqe_buffer_free(&versions);
    pqe_buffer_free(&ups);
    return status;
}

pqe_status pqe_migrations_prove(const pqe_migration_session *session, int64_t sample_rows,
                                bool *proven, pqe_error *failure, pqe_error *error)
{
    PGresult *proof = NULL;
    pqe_status status = pqe_migrations_check(session, error);

    *proven = false;
    if (status == PQE_OK) {
        status = query_proof(session, sample_rows, &proof, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    *proven = true;
    for (int row = 0; row < PQntuples(proof) && *proven; row++) {
        *proven = pqe_answer_value(proof, row, PROOF_OK)[0] == 't';
        if (!*proven) {
            describe_failure(session, proof, row, failure);
        }
    }
    PQclear(proof);
    return PQE_OK;
}
