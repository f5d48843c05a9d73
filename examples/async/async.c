/*
 * async.c - asynchronous calls on a program's own libuv loop
 *
 * Files 1,000 measurements at once, moves what one station measured to another in a transaction, and
 * asks for a summary, while a timer of the program ticks on the same loop.  One thread, no waiting.
 *
 *   async        the database comes from libpq's environment (PGHOST, PGDATABASE, ...)
 */
#include <pqengine.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define MEASUREMENTS 1000
#define STATIONS 4

/* What the program knows.  Only the loop's thread touches it. */
typedef struct program {
    pqe_engine *engine;
    uv_timer_t ticker;
    int ticks;
    int filed;
    int refused;
    bool failed;
} program;

static void engine_closed(void *data)
{
    program *self = data;

    pqe_free_engine(self->engine);
    self->engine = NULL;
}

/* Without the engine and the ticker the loop has nothing left to do, and ends. */
static void finish(program *self)
{
    uv_close((uv_handle_t *)&self->ticker, NULL);
    if (self->engine != NULL) {
        pqe_dispose_async(self->engine, engine_closed, self, NULL);
    }
}

static void give_up(program *self, const char *what, const pqe_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->message);
    self->failed = true;
    finish(self);
}

/* ---------------------------------------------------------------------------------------------- */
/* The summary, last                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void summary_came(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    program *self = data;

    if (status != PQE_OK) {
        give_up(self, "summary", error);
        return;
    }
    for (size_t row = 0; row < pqe_result_rows(result); row++) {
        int64_t station = 0;
        int64_t count = 0;

        pqe_get_int64(result, row, 0, &station, NULL);
        pqe_get_int64(result, row, 1, &count, NULL);
        printf("station %lld: %lld measurements\n", (long long)station, (long long)count);
    }
    pqe_result_free(result);
    finish(self);
}

static void ask_for_summary(program *self)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_error error;

    call.sql = "SELECT station, count(*) FROM measurements GROUP BY station ORDER BY station";
    if (pqe_execute_async(self->engine, &call, summary_came, self, NULL, &error) != PQE_OK) {
        give_up(self, "summary", &error);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* The transaction                                                                                */
/* ---------------------------------------------------------------------------------------------- */

static void committed(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    program *self = data;

    pqe_result_free(result);
    if (status != PQE_OK) {
        give_up(self, "transaction", error);
        return;
    }
    ask_for_summary(self);
}

/*
 * The calls of a transaction are executed in their order, so they can all be made at once.  One that
 * fails makes the commit fail, too: a single place to look.
 */
static void begun(void *data, pqe_status status, pqe_async_transaction *transaction,
                  const pqe_error *error)
{
    program *self = data;
    pqe_call move = PQE_CALL_INIT;
    pqe_call note = PQE_CALL_INIT;
    pqe_param stations[] = {PQE_INT32(1), PQE_INT32(0)};

    if (status != PQE_OK) {
        give_up(self, "transaction", error);
        return;
    }
    move.sql = "UPDATE measurements SET station = %s WHERE station = %s";
    move.params = stations;
    move.param_count = 2;
    note.sql = "INSERT INTO measurements (station, value) VALUES (1, -1)";
    pqe_transaction_execute_async(transaction, &move, NULL, NULL, NULL, NULL);
    pqe_transaction_execute_async(transaction, &note, NULL, NULL, NULL, NULL);
    pqe_transaction_commit_async(transaction, committed, self, NULL);
}

static void move_station(program *self)
{
    pqe_error error;

    if (pqe_transaction_begin_async(self->engine, NULL, begun, self, NULL, &error) != PQE_OK) {
        give_up(self, "transaction", &error);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Many calls at once                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void filed(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    program *self = data;

    pqe_result_free(result);
    self->filed++;
    if (status != PQE_OK) {
        self->refused++;
        if (self->refused == 1) {
            fprintf(stderr, "refused: %s\n", error->message);
        }
    }
    if (self->filed == MEASUREMENTS) {
        printf("%d measurements filed, %d refused\n", self->filed - self->refused, self->refused);
        move_station(self);
    }
}

/* The one in a hundred that breaks the table's rule harms none of the others. */
static void file_measurements(program *self)
{
    for (int i = 0; i < MEASUREMENTS; i++) {
        pqe_param values[] = {PQE_INT32(i % STATIONS), PQE_DOUBLE(i % 100 == 99 ? -999 : i)};
        pqe_call call = PQE_CALL_INIT;
        pqe_error error;

        call.sql = "INSERT INTO measurements (station, value) VALUES (%s, %s)";
        call.params = values;
        call.param_count = 2;
        if (pqe_execute_async(self->engine, &call, filed, self, NULL, &error) != PQE_OK) {
            filed(self, error.code, NULL, &error);
        }
    }
}

static void table_made(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    program *self = data;

    pqe_result_free(result);
    if (status != PQE_OK) {
        give_up(self, "table", error);
        return;
    }
    file_measurements(self);
}

/* ---------------------------------------------------------------------------------------------- */

static void engine_made(void *data, pqe_status status, pqe_engine *engine, const pqe_error *error)
{
    program *self = data;
    pqe_call call = PQE_CALL_INIT;
    pqe_error refusal;

    self->engine = engine;
    if (status != PQE_OK) {
        give_up(self, "engine", error);
        return;
    }
    call.sql = "CREATE TABLE IF NOT EXISTS measurements (station int NOT NULL, "
               "value float8 NOT NULL CHECK (value > -100))";
    if (pqe_execute_async(engine, &call, table_made, self, NULL, &refusal) != PQE_OK) {
        give_up(self, "table", &refusal);
    }
}

static void tick(uv_timer_t *ticker)
{
    program *self = ticker->data;

    self->ticks++;
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    program self = {0};
    pqe_config config = PQE_CONFIG_INIT;
    pqe_error error;

    config.async = true;
    config.loop = loop;
    config.pool_size = 4;
    uv_timer_init(loop, &self.ticker);
    self.ticker.data = &self;
    uv_timer_start(&self.ticker, tick, 0, 1);
    if (pqe_create_engine_async(&config, engine_made, &self, &error) != PQE_OK) {
        give_up(&self, "engine", &error);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    printf("the loop was free meanwhile: %s\n", self.ticks > 0 ? "yes" : "no");
    return self.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
