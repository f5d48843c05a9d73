/*
 * client.c - how quick the client library is, beside raw libpq and pgbench
 *
 * Point SELECTs by primary key on pgbench_accounts, on the server of libpq's environment.  Those
 * compared take turns in short rounds, so that what disturbs the machine disturbs them alike; a
 * figure is the median of the rounds.  Prints one figure a line, "name value".  See README.md.
 */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pqengine.h"

#define SQL "SELECT abalance FROM pgbench_accounts WHERE aid = $1"
#define ROWS 100000
#define THREADS 8
#define FEW_CONNECTIONS 4

enum { OID_INT4 = 23 };

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static double read_clock(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Of this thread, in the kernel, too; what else the machine does is not in it. */
static double cpu_now(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(double), compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int32_t next_id(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (int32_t)(*seed % ROWS) + 1;
}

/* ---------------------------------------------------------------------------------------------- */
/* The engine, with all its features on                                                           */
/* ---------------------------------------------------------------------------------------------- */

static void count_call(void *data, const pqe_observation *observation)
{
    atomic_ulong *rows = data;

    atomic_fetch_add_explicit(rows, observation->rows, memory_order_relaxed);
}

static pqe_engine *make(int connections, bool at_start, bool async)
{
    static atomic_ulong rows;
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_error error;

    config.pool_size = connections;
    config.ensure_database = false;
    config.connect_at_start = at_start;
    config.async = async;
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        die("pqe_create_engine", error.message);
    }
    if (pqe_add_observer(engine, count_call, &rows, &error) != PQE_OK) {
        die("pqe_add_observer", error.message);
    }
    return engine;
}

static pqe_engine *make_engine(int connections, bool at_start)
{
    return make(connections, at_start, false);
}

static pqe_engine *make_async_engine(int connections)
{
    return make(connections, true, true);
}

static void execute_once(pqe_engine *engine, uint64_t *seed)
{
    pqe_result *result;
    pqe_error error;
    int32_t balance;

    if (pqe_execute(engine, SQL, PQE_PARAMS(PQE_INT32(next_id(seed))), &result, &error) != PQE_OK ||
        pqe_get_int32(result, 0, 0, &balance, &error) != PQE_OK) {
        die("pqe_execute", error.message);
    }
    pqe_result_free(result);
}

/* ---------------------------------------------------------------------------------------------- */
/* Raw libpq                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static PGconn *connect_raw(void)
{
    PGconn *connection = PQconnectdb("");
    PGresult *result;

    if (PQstatus(connection) != CONNECTION_OK) {
        die("PQconnectdb", PQerrorMessage(connection));
    }
    result = PQprepare(connection, "point", SQL, 1, (const Oid[]){OID_INT4});
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        die("PQprepare", PQerrorMessage(connection));
    }
    PQclear(result);
    return connection;
}

/* What the other side does with pqe_get_int32. */
static void raw_read_balance(PGconn *connection, PGresult *result)
{
    static volatile long balance;

    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        die("libpq", PQerrorMessage(connection));
    }
    balance = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    (void)balance;
}

static void raw_once(PGconn *connection, bool prepared, uint64_t *seed)
{
    uint32_t id = htonl((uint32_t)next_id(seed));
    const char *const values[] = {(const char *)&id};
    const int lengths[] = {sizeof(id)};
    const int formats[] = {1};
    PGresult *result = prepared
                           ? PQexecPrepared(connection, "point", 1, values, lengths, formats, 0)
                           : PQexecParams(connection, SQL, 1, (const Oid[]){OID_INT4}, values,
                                          lengths, formats, 0);

    raw_read_balance(connection, result);
    PQclear(result);
}

/* ---------------------------------------------------------------------------------------------- */
/* One thread                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

typedef struct contest {
    pqe_engine *engine;
    PGconn *connection;
    uint64_t seed;
} contest;

enum { BY_PARAMS, BY_PREPARED, BY_ENGINE, CONTENDERS };

/* Seconds that a number of statements takes, and of them those of this thread's processor. */
typedef struct turn {
    double wall;
    double cpu;
} turn;

static turn one_turn(contest *of, int contender, int statements)
{
    double cpu = cpu_now();
    double from = now();
    turn took;

    for (int i = 0; i < statements; i++) {
        if (contender == BY_ENGINE) {
            execute_once(of->engine, &of->seed);
        } else {
            raw_once(of->connection, contender == BY_PREPARED, &of->seed);
        }
    }
    took.wall = now() - from;
    took.cpu = cpu_now() - cpu;
    return took;
}

static void bench_one_thread(int rounds, int statements)
{
    contest of = {make_engine(1, true), connect_raw(), 88172645463325252u};
    double vs_params[rounds];
    double vs_prepared[rounds];
    double cpu_vs_prepared[rounds];
    double per_second[rounds];
    pqe_error error;

    for (int contender = 0; contender < CONTENDERS; contender++) {
        (void)one_turn(&of, contender, statements);
    }
    for (int round = 0; round < rounds; round++) {
        turn took[CONTENDERS];

        for (int i = 0; i < CONTENDERS; i++) {
            int contender = (i + round) % CONTENDERS;

            took[contender] = one_turn(&of, contender, statements);
        }
        vs_params[round] = took[BY_PARAMS].wall / took[BY_ENGINE].wall;
        vs_prepared[round] = took[BY_PREPARED].wall / took[BY_ENGINE].wall;
        cpu_vs_prepared[round] = took[BY_PREPARED].cpu / took[BY_ENGINE].cpu;
        per_second[round] = statements / took[BY_ENGINE].wall;
    }
    printf("execute_per_second %.0f\n", median(per_second, rounds));
    printf("execute_vs_params %.3f\n", median(vs_params, rounds));
    printf("execute_vs_prepared %.3f\n", median(vs_prepared, rounds));
    printf("execute_cpu_vs_prepared %.3f\n", median(cpu_vs_prepared, rounds));
    PQfinish(of.connection);
    if (pqe_dispose(of.engine, &error) != PQE_OK) {
        die("pqe_dispose", error.message);
    }
    pqe_free_engine(of.engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* Several threads                                                                                */
/* ---------------------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    pqe_engine *engine;
    uint64_t seed;
    bool only_acquire;
    long operations; /* to be done; 0: until stop */
    atomic_bool *stop;
    pthread_barrier_t *start;
    long done;
    double began;
    double ended;
    double cpu;
} worker;

static void acquire_once(pqe_engine *engine)
{
    pqe_connection *connection;
    pqe_error error;

    if (pqe_acquire(engine, NULL, &connection, &error) != PQE_OK ||
        pqe_release(connection, &error) != PQE_OK) {
        die("pqe_acquire", error.message);
    }
}

static void *work(void *argument)
{
    worker *self = argument;
    double cpu;

    pthread_barrier_wait(self->start);
    cpu = cpu_now();
    self->began = now();
    while (self->operations > 0 ? self->done < self->operations
                                : !atomic_load_explicit(self->stop, memory_order_relaxed)) {
        if (self->only_acquire) {
            acquire_once(self->engine);
        } else {
            execute_once(self->engine, &self->seed);
        }
        self->done++;
    }
    self->ended = now();
    self->cpu = cpu_now() - cpu;
    return NULL;
}

/*
 * Operations a second of several threads, for some seconds or until each has done its number, from
 * when the first begins to when the last ends; cpu, which may be NULL: processor seconds for each.
 */
static double run_threads(pqe_engine *engine, int threads, bool only_acquire, long operations,
                          double seconds, double *cpu)
{
    worker workers[THREADS];
    atomic_bool stop = false;
    pthread_barrier_t start;
    double began = HUGE_VAL;
    double ended = 0;
    double spent = 0;
    long done = 0;

    pthread_barrier_init(&start, NULL, (unsigned int)threads);
    for (int i = 0; i < threads; i++) {
        workers[i] = (worker){.engine = engine,
                              .seed = 88172645463325252u + (uint64_t)i * 7919,
                              .only_acquire = only_acquire,
                              .operations = operations,
                              .stop = &stop,
                              .start = &start};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            die("pthread_create", "failed");
        }
    }
    if (operations == 0) {
        struct timespec pause = {(time_t)seconds,
                                 (long)((seconds - (double)(time_t)seconds) * 1e9)};

        nanosleep(&pause, NULL);
        atomic_store(&stop, true);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
        spent += workers[i].cpu;
        began = workers[i].began < began ? workers[i].began : began;
        ended = workers[i].ended > ended ? workers[i].ended : ended;
    }
    pthread_barrier_destroy(&start);
    if (cpu != NULL) {
        *cpu = spent / (double)done;
    }
    return (double)done / (ended - began);
}

/* Statements a second of pgbench, with its own connections, without the time to open them. */
static double run_pgbench(void)
{
    FILE *output = popen("pgbench -n -S -M prepared -c 8 -j 8 -T 1 2>/dev/null", "r");
    char line[256];
    double rate = 0;

    if (output == NULL) {
        die("pgbench", "cannot be started");
    }
    while (fgets(line, sizeof(line), output) != NULL) {
        if (strncmp(line, "tps = ", 6) == 0) {
            rate = strtod(line + 6, NULL);
        }
    }
    if (pclose(output) != 0 || rate <= 0) {
        die("pgbench", "failed");
    }
    return rate;
}

static void bench_threads(int rounds)
{
    pqe_engine *engine = make_engine(THREADS, true);
    double ratios[rounds];
    double rates[rounds];

    (void)run_threads(engine, THREADS, false, 0, 0.5, NULL);
    for (int round = 0; round < rounds; round++) {
        double own;
        double other;

        if (round % 2 == 0) {
            own = run_threads(engine, THREADS, false, 0, 1, NULL);
            other = run_pgbench();
        } else {
            other = run_pgbench();
            own = run_threads(engine, THREADS, false, 0, 1, NULL);
        }
        ratios[round] = own / other;
        rates[round] = own;
    }
    printf("threads8_per_second %.0f\n", median(rates, rounds));
    printf("threads8_vs_pgbench %.3f\n", median(ratios, rounds));
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* Many statements under way at once                                                              */
/* ---------------------------------------------------------------------------------------------- */

#define BATCH 64

/* Calls of which each, when it has ended, begins another one. */
typedef struct flood {
    pqe_engine *engine;
    uint64_t seed; /* of the loop's thread, but for the first calls */
    long to_begin;
    long to_end;
    pthread_mutex_t lock;
    pthread_cond_t over;
} flood;

static void begin_call(flood *of);

static void call_ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    flood *of = data;
    int32_t balance;
    bool last;

    if (status != PQE_OK || pqe_get_int32(result, 0, 0, &balance, NULL) != PQE_OK) {
        die("pqe_execute_async", error->message);
    }
    pqe_result_free(result);
    pthread_mutex_lock(&of->lock);
    last = --of->to_end == 0;
    if (last) {
        pthread_cond_signal(&of->over);
    } else if (of->to_begin > 0) {
        begin_call(of);
    }
    pthread_mutex_unlock(&of->lock);
}

/* Call with the lock. */
static void begin_call(flood *of)
{
    pqe_param id = PQE_INT32(next_id(&of->seed));
    pqe_call call = PQE_CALL_INIT;
    pqe_error error;

    of->to_begin--;
    call.sql = SQL;
    call.params = &id;
    call.param_count = 1;
    if (pqe_execute_async(of->engine, &call, call_ended, of, NULL, &error) != PQE_OK) {
        die("pqe_execute_async", error.message);
    }
}

static double flood_turn(flood *of, int connections, long statements)
{
    double from = now();
    int under_way = 2 * BATCH * connections;

    pthread_mutex_lock(&of->lock);
    of->to_begin = statements;
    of->to_end = statements;
    for (int i = 0; i < under_way && of->to_begin > 0; i++) {
        begin_call(of);
    }
    while (of->to_end > 0) {
        pthread_cond_wait(&of->over, &of->lock);
    }
    pthread_mutex_unlock(&of->lock);
    return now() - from;
}

static void raw_send_batch(PGconn *connection, uint64_t *seed)
{
    for (int i = 0; i < BATCH; i++) {
        uint32_t id = htonl((uint32_t)next_id(seed));
        const char *const values[] = {(const char *)&id};

        if (!PQsendQueryPrepared(connection, "point", 1, values, (const int[]){sizeof(id)},
                                 (const int[]){1}, 0)) {
            die("PQsendQueryPrepared", PQerrorMessage(connection));
        }
    }
    if (PQpipelineSync(connection) != 1) {
        die("PQpipelineSync", PQerrorMessage(connection));
    }
}

static void raw_read_batch(PGconn *connection)
{
    for (int i = 0; i < BATCH;) {
        PGresult *result = PQgetResult(connection);

        if (result != NULL) {
            raw_read_balance(connection, result);
            i++;
        }
        PQclear(result);
    }
    /* the NULL of the last one, and the end of the batch */
    PQclear(PQgetResult(connection));
    PQclear(PQgetResult(connection));
}

static double raw_pipeline_turn(PGconn **connections, int count, long statements, uint64_t *seed)
{
    double from = now();

    for (long done = 0; done < statements; done += (long)BATCH * count) {
        for (int i = 0; i < count; i++) {
            raw_send_batch(connections[i], seed);
        }
        for (int i = 0; i < count; i++) {
            raw_read_batch(connections[i]);
        }
    }
    return now() - from;
}

enum { PIPELINED_ENGINE, PIPELINED_LIBPQ, BLOCKING, PIPELINE_CONTENDERS };

static void bench_pipelined(int rounds, int connections, const char *name)
{
    long statements = (long)BATCH * connections * 200;
    pqe_engine *blocking = make_engine(connections, true);
    flood of = {.seed = 88172645463325252u};
    PGconn *raw[THREADS];
    double vs_libpq[rounds];
    double vs_sync[rounds];
    uint64_t seed = 88172645463325253u;

    of.engine = make_async_engine(connections);
    pthread_mutex_init(&of.lock, NULL);
    pthread_cond_init(&of.over, NULL);
    for (int i = 0; i < connections; i++) {
        raw[i] = connect_raw();
        if (PQenterPipelineMode(raw[i]) != 1) {
            die("PQenterPipelineMode", PQerrorMessage(raw[i]));
        }
    }
    (void)flood_turn(&of, connections, 4 * statements);
    (void)raw_pipeline_turn(raw, connections, statements, &seed);
    for (int round = 0; round < rounds; round++) {
        double rates[PIPELINE_CONTENDERS] = {0};

        for (int i = 0; i < PIPELINE_CONTENDERS; i++) {
            int contender = (i + round) % PIPELINE_CONTENDERS;

            if (contender == PIPELINED_ENGINE) {
                rates[contender] = (double)statements / flood_turn(&of, connections, statements);
            } else if (contender == PIPELINED_LIBPQ) {
                rates[contender] =
                    (double)statements / raw_pipeline_turn(raw, connections, statements, &seed);
            } else {
                rates[contender] = run_threads(blocking, connections, false,
                                               statements / 4 / connections, 0, NULL);
            }
        }
        vs_libpq[round] = rates[PIPELINED_ENGINE] / rates[PIPELINED_LIBPQ];
        vs_sync[round] = rates[PIPELINED_ENGINE] / rates[BLOCKING];
    }
    printf("%s_vs_libpq %.3f\n", name, median(vs_libpq, rounds));
    printf("%s_vs_sync %.3f\n", name, median(vs_sync, rounds));
    for (int i = 0; i < connections; i++) {
        PQfinish(raw[i]);
    }
    pqe_free_engine(of.engine);
    pqe_free_engine(blocking);
    pthread_cond_destroy(&of.over);
    pthread_mutex_destroy(&of.lock);
}

static void bench_acquire(int rounds, long operations)
{
    static const struct {
        const char *name;
        int threads;
        int connections;
    } cases[] = {{"1", 1, 1}, {"8on4", THREADS, FEW_CONNECTIONS}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pqe_engine *engine = make_engine(cases[i].connections, true);
        double ns[rounds];
        double cpu_ns[rounds];

        for (int round = 0; round < rounds; round++) {
            ns[round] =
                1e9 / run_threads(engine, cases[i].threads, true, operations, 0, &cpu_ns[round]);
            cpu_ns[round] *= 1e9;
        }
        printf("acquire_release_ns_%s %.1f\n", cases[i].name, median(ns, rounds));
        printf("acquire_release_cpu_ns_%s %.1f\n", cases[i].name, median(cpu_ns, rounds));
        pqe_free_engine(engine);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Memory                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

static double kib_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)(info.uordblks + info.hblkhd) / 1024;
}

static void bench_memory(int connections)
{
    pqe_connection *held[connections];
    PGconn *raw[connections];
    double before = kib_in_use();
    pqe_engine *engine = make_engine(connections, false);
    double with_engine = kib_in_use();
    double with_connections;
    pqe_error error;

    for (int i = 0; i < connections; i++) {
        if (pqe_acquire(engine, NULL, &held[i], &error) != PQE_OK) {
            die("pqe_acquire", error.message);
        }
    }
    with_connections = kib_in_use();
    for (int i = 0; i < connections; i++) {
        (void)pqe_release(held[i], &error);
    }
    printf("memory_per_engine_kib %.1f\n", with_engine - before);
    printf("memory_per_connection_kib %.1f\n", (with_connections - with_engine) / connections);
    pqe_free_engine(engine);
    before = kib_in_use();
    for (int i = 0; i < connections; i++) {
        raw[i] = connect_raw();
    }
    printf("memory_per_libpq_connection_kib %.1f\n", (kib_in_use() - before) / connections);
    for (int i = 0; i < connections; i++) {
        PQfinish(raw[i]);
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 21;

    if (rounds < 1 || rounds > 1000) {
        die("rounds", "a number from 1 to 1000");
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_one_thread(rounds * 20, 100);
    bench_threads((2 * rounds + 2) / 3);
    bench_pipelined(rounds, 1, "pipelined");
    bench_pipelined(rounds, THREADS, "pipelined8");
    bench_acquire(rounds * 10, 10000);
    bench_memory(20);
    return 0;
}
