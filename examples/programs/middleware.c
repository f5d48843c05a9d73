/*
 * middleware.c - middlewares of a program's own: one that signs, one that refuses, one that is patient
 */
#include "common.h"

#include <string.h>

/* What a middleware keeps about one call between its two sides goes into the call's own memory. */
static pqe_verdict sign(void *data, pqe_context *context, pqe_error *error)
{
    size_t count;
    const pqe_param *params = pqe_context_params(context, &count);
    size_t size = strlen(pqe_context_sql(context)) + 64;
    char *signed_sql = pqe_context_alloc(context, size);

    if (signed_sql == NULL) {
        return PQE_FAIL;
    }
    snprintf(signed_sql, size, "/* %s */ %s", (const char *)data, pqe_context_sql(context));
    return pqe_context_rewrite(context, signed_sql, params, count, error) == PQE_OK ? PQE_PASS
                                                                                    : PQE_FAIL;
}

/* UPDATE and DELETE without a condition are for transactions, where they can be taken back. */
static pqe_verdict refuse_careless(void *data, pqe_context *context, pqe_error *error)
{
    (void)data;
    if (pqe_context_lacks_where(context) && !pqe_context_in_transaction(context)) {
        error->code = PQE_ERR_STATE;
        snprintf(error->message, sizeof(error->message), "every row of %s? Not like that",
                 pqe_context_table(context, 0));
        return PQE_REFUSE;
    }
    return PQE_PASS;
}

/* Tries again what may be tried again, for a second at most. */
static pqe_verdict be_patient(void *data, pqe_context *context, pqe_error *error)
{
    int *retries = data;

    (void)error;
    if (pqe_context_may_retry(context) && pqe_context_elapsed_us(context) < 1000000) {
        ++*retries;
        pqe_context_retry_after(context, 5);
        return PQE_RETRY;
    }
    return PQE_PASS;
}

static void add(pqe_engine *engine, const char *name,
                pqe_verdict (*enter)(void *, pqe_context *, pqe_error *),
                pqe_verdict (*leave)(void *, pqe_context *, pqe_error *), void *data)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    pqe_error error;

    middleware.name = name;
    middleware.enter = enter;
    middleware.leave = leave;
    middleware.data = data;
    check(pqe_add_middleware(engine, &middleware, &error), &error, name);
}

/* The sequence counts how often it was tried: the first two times are a serialization failure. */
static const char fails_twice[] =
    "DO $$ BEGIN IF nextval('tries') < 3 THEN"
    " RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF; END $$";

int main(void)
{
    pqe_engine *engine = open_engine(1);
    pqe_result *result;
    pqe_error error;
    const char *text;
    char signature[] = "made by middleware.c";
    int retries = 0;

    run(engine, "DROP TABLE IF EXISTS notes");
    run(engine, "DROP SEQUENCE IF EXISTS tries");
    run(engine, "CREATE TABLE notes (id int, at time)");
    run(engine, "CREATE SEQUENCE tries");
    add(engine, "sign", sign, NULL, signature);
    add(engine, "careful", refuse_careless, NULL, NULL);
    add(engine, "patient", NULL, be_patient, &retries);

    check(pqe_execute(engine, "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                      PQE_NO_PARAMS, &result, &error),
          &error, "reading the query");
    check(pqe_get_text(result, 0, 0, &text, &error), &error, "its text");
    printf("%.26s\n", text);
    pqe_result_free(result);
    check(pqe_execute(engine, "INSERT INTO notes VALUES (1, %s)",
                      PQE_PARAMS(PQE_TIME(INT64_C(8) * 3600 * 1000000)), NULL, &error),
          &error, "inserting");
    if (pqe_execute(engine, "DELETE FROM notes", PQE_NO_PARAMS, NULL, &error) != PQE_OK) {
        printf("%s\n", error.message);
    }
    run(engine, fails_twice);
    printf("tried %d times more\n", retries);

    check(pqe_clear_middlewares(engine, &error), &error, "clearing");
    run(engine, "DROP TABLE notes");
    run(engine, "DROP SEQUENCE tries");
    pqe_free_engine(engine);
    return 0;
}
