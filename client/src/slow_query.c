/*
 * slow_query.c - the plans of slow queries
 *
 * The statement went well and was slow.  EXPLAIN, which plans and does not execute, tells on the
 * same connection how the server went about it: with the same settings and temporary tables.
 */
#include "slow_query.h"

#include "buffer.h"
#include "trace.h"

/* The time the server has for planning once more. */
#define EXPLAIN_MS 1000

/* Nothing is asked that could do harm: a failed EXPLAIN would end the caller's transaction. */
static bool is_wanted(const pqe_context *context, const pqe_session *session)
{
    const pqe_config *config = &context->engine->settings.config;

    return config->slow_query_plan && context->status == PQE_OK &&
           context->duration_us >= config->slow_query_ms * 1000 &&
           context->now.call->statement->kind <= PQE_STATEMENT_MERGE && !session->broken &&
           PQtransactionStatus(session->pg) == PQTRANS_IDLE;
}

void pqe_keep_slow_plan(const pqe_context *context, pqe_session *session)
{
    const pqe_encoded *params = &context->now.call->params;
    pqe_buffer sql = PQE_BUFFER_INIT;
    pqe_buffer plan = PQE_BUFFER_INIT;
    PGresult *result = NULL;
    pqe_error error;

    if (!is_wanted(context, session)) {
        return;
    }
    pqe_buffer_printf(&sql, "EXPLAIN (VERBOSE) %s", context->now.call->statement->sql);
    if (pqe_buffer_failed(&sql) ||
        !PQsendQueryParams(session->pg, sql.data, params->count, params->types, params->values,
                           params->lengths, params->formats, 0)) {
        pqe_buffer_free(&sql);
        return;
    }
    if (pqe_finish_statement(session->pg, pqe_deadline_in(EXPLAIN_MS), &result, &error) == PQE_OK) {
        for (int row = 0; row < PQntuples(result); row++) {
            pqe_buffer_printf(&plan, "%s%s", row > 0 ? "\n" : "", pqe_answer_value(result, row, 0));
        }
        if (!pqe_buffer_failed(&plan) && plan.data != NULL) {
            pqe_tracer_add_plan(context->engine->tracer, context, plan.data);
        }
    } else {
        pqe_log(&context->engine->settings, PQE_LOG_DEBUG, "no plan of a slow query: %s",
                error.message);
        session->broken = session->broken || PQstatus(session->pg) != CONNECTION_OK;
    }
    PQclear(result);
    pqe_buffer_free(&sql);
    pqe_buffer_free(&plan);
}
