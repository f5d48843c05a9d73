/*
 * pqengine.h - the public interface of libpqengine
 *
 * libpqengine gives a program one engine for its PostgreSQL database: a thread-safe pool of
 * connections, statements with typed parameters and typed results, transactions, and tables that
 * follow the program's models.
 *
 * Conventions that hold for every function here, unless its own comment says otherwise:
 *
 *   Errors    A function that can fail returns a pqe_status and fills the caller's pqe_error, which
 *             may be NULL.  On PQE_OK the error is cleared.  The library never prints, never calls
 *             abort() and installs no signal handler.
 *   Output    What a function gives back through a pointer is written only on PQE_OK; otherwise a
 *             pointer to a handle or to memory is set to NULL and a number is left as it was.
 *   Strings   Input strings are NUL-terminated, in the client encoding (UTF-8 unless the DSN says
 *             otherwise), and copied where they are needed after the call has returned.
 *   Times     Every duration is in milliseconds, as the suffix _ms of its name says.
 *   Threads   An engine may be used by any number of threads at once.  A connection, a transaction
 *             and a result belong to one thread at a time; two threads in calls on one connection
 *             or transaction get PQE_ERR_STATE, not undefined behaviour.
 *   Handles   NULL for a handle is PQE_ERR_INVALID_ARGUMENT.  A connection that was released, a
 *             transaction that has ended and an engine that was disposed of keep answering, with
 *             PQE_ERR_STATE or PQE_ERR_DISPOSED, until pqe_free_engine.
 *
 * The header compiles as C11 and as C++17.
 */
#ifndef PQENGINE_H
#define PQENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#include <initializer_list>
#include <tuple>
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define PQE_API __attribute__((visibility("default")))
#define PQE_UNUSED __attribute__((unused))
#else
#define PQE_API
#define PQE_UNUSED
#endif

/* The library's version as it was built, for example "0.1.0".  Never NULL, never freed. */
PQE_API const char *pqe_version(void);

/* ============================================================================================== */
/* Status and errors                                                                              */
/* ============================================================================================== */

/* What a call came to.  The numbers are stable. */
typedef enum pqe_status {
    PQE_OK = 0,
    PQE_ERR_INVALID_ARGUMENT = 1,    /* a NULL, or a value outside its range, from the caller */
    PQE_ERR_NO_MEMORY = 2,           /* malloc said no */
    PQE_ERR_CONFIG = 3,              /* an unparsable DSN, or options that contradict each other */
    PQE_ERR_STATE = 4,               /* the handle is not in a state for this call */
    PQE_ERR_DISPOSED = 5,            /* the engine was disposed of */
    PQE_ERR_UNSUPPORTED = 6,         /* the library was built without what this needs */
    PQE_ERR_CONNECTION = 10,         /* no server there, or the connection was lost */
    PQE_ERR_AUTH = 11,               /* the server refused the user, password or certificate */
    PQE_ERR_DATABASE_NOT_FOUND = 12, /* the server has no database of that name */
    PQE_ERR_TIMEOUT = 13,            /* the statement or the connection attempt took too long */
    PQE_ERR_POOL_TIMEOUT = 14,       /* no connection came free in time; detail says who has them */
    PQE_ERR_CANCELLED = 15,          /* the call was cancelled by pqe_cancel_async */
    PQE_ERR_QUEUE_FULL = 16,         /* too many asynchronous calls at once; detail counts them */
    PQE_ERR_QUERY = 20,              /* the server refused the statement; see sqlstate */
    PQE_ERR_PLACEHOLDER = 21,        /* %s and $n mixed, or a literal or comment left open */
    PQE_ERR_PARAMETER = 22,          /* too few, too many, or a malformed parameter */
    PQE_ERR_COLUMN = 23,             /* no such row or column in the result */
    PQE_ERR_TYPE = 24,               /* the value does not read as the type asked for */
    PQE_ERR_NULL_VALUE = 25,         /* the value is NULL where the type cannot say so */
    PQE_ERR_EXTENSION_MISSING = 30,  /* the pqengine extension is not there and cannot be created */
    PQE_ERR_PERMISSION = 31,         /* the role lacks a right; the message says which */
    PQE_ERR_MODELS = 32,             /* models cannot be read, or the server refuses one of them */
    PQE_ERR_DRIFT = 33,              /* the database differs from the models */
    PQE_ERR_MIGRATION = 34,          /* a migration file or step failed */
    PQE_ERR_IO = 35                  /* a file or folder cannot be read or written, or a port not
                                        be listened on */
} pqe_status;

/* The name of a status, for example "PQE_ERR_POOL_TIMEOUT".  Never NULL, never freed. */
PQE_API const char *pqe_status_name(pqe_status status);

/*
 * Everything known about a failure.  The caller owns it, usually on the stack; it holds no pointers
 * and needs no cleaning up.  Texts too long for their field are cut at a character boundary and end
 * in "...".  A text that does not apply is "".
 */
typedef struct pqe_error {
    pqe_status code;
    char sqlstate[6];  /* the server's five-letter code, "" where the server had no part in it */
    bool may_have_run; /* the connection broke or timed out after the statement was sent: the
                          server may have executed it, or may still */
    int position; /* where in the statement as sent, counted in characters from 1; 0: unknown */
    char message[1024];  /* one sentence, fit to be shown alone */
    char detail[2048];   /* more of it, several lines perhaps */
    char hint[1024];     /* what might help */
    char context[1024];  /* the server's CONTEXT: the functions the error came through */
    char statement[512]; /* the statement at fault */
} pqe_error;

/* A cleared pqe_error.  Not needed: every function fills or clears the error it is given. */
/* clang-format off */
#define PQE_ERROR_INIT {PQE_OK, "", false, 0, "", "", "", "", ""}
/* clang-format on */

/* ============================================================================================== */
/* Logging                                                                                        */
/* ============================================================================================== */

typedef enum pqe_log_level {
    PQE_LOG_DEBUG = 0, /* only where pqe_config.debug is set */
    PQE_LOG_INFO = 1,
    PQE_LOG_WARNING = 2,
    PQE_LOG_ERROR = 3
} pqe_log_level;

/*
 * Receives one line, without a line end.  Called from any thread, several at once; it must not call
 * the engine.  The message is the library's and valid during the call only.  Parameters and
 * passwords never appear in it.
 */
typedef void (*pqe_logger)(void *data, pqe_log_level level, const char *message);

/* A ready-made pqe_logger: writes "[ENGINE] message" to stderr.  data is not used. */
PQE_API void pqe_log_stderr(void *data, pqe_log_level level, const char *message);

/* ============================================================================================== */
/* Configuration                                                                                  */
/* ============================================================================================== */

typedef struct pqe_engine pqe_engine;
typedef struct pqe_connection pqe_connection;
typedef struct pqe_transaction pqe_transaction;
typedef struct pqe_result pqe_result;
typedef struct pqe_model pqe_model;
struct uv_loop_s; /* libuv's uv_loop_t; the header does not need uv.h */

/* What the pool does with a session before it is given to the next caller. */
typedef enum pqe_reset {
    PQE_RESET_AUTO = 0,   /* reset what a statement may have changed (SET, LISTEN, temporary tables,
                             advisory locks, ...); one that plainly changes no session state costs
                             nothing */
    PQE_RESET_ALWAYS = 1, /* reset after every use: one more round trip, and nothing a function did
                             behind its caller's back survives */
    PQE_RESET_NEVER = 2   /* only roll back an open transaction */
} pqe_reset;

#define PQE_CONFIG_VERSION 1

/*
 * How an engine is set up.  Start from PQE_CONFIG_INIT (or pqe_config_init) and change what
 * differs:
 *
 *     pqe_config config = PQE_CONFIG_INIT;
 *     config.dsn = "postgresql:///shop";
 *     config.models_path = "models";
 *
 * The strings are copied by pqe_create_engine.  Fields are only ever added at the end, with a new
 * version; a program built against an older header keeps working.
 */
typedef struct pqe_config {
    int version; /* PQE_CONFIG_VERSION */

    /* Where the database is.  NULL or 0 leaves a value to the dsn, then to libpq (PGHOST and the
       other environment variables, service files, .pgpass). */
    const char *dsn; /* [NULL] as libpq takes it: URI or keyword=value, several hosts, service=.
                        What it may hold is what the libpq of that machine knows:
                        load_balance_hosts since 16; an older one refuses it (PQE_ERR_CONFIG) */
    const char *username; /* [NULL] this and the next four win over the same value in dsn */
    const char *password; /* [NULL] */
    const char *host;     /* [NULL] a name, an address, a folder of sockets, or a list of them */
    int port;             /* [0] */
    const char *database; /* [NULL] */

    /* The pool. */
    int pool_size;              /* [20] connections kept; see connect_at_start */
    int max_pool_size;          /* [0: pool_size, or four times it with auto_adjust_pool_size] */
    bool auto_adjust_pool_size; /* [false] let the pool grow beyond pool_size while callers wait */
    int64_t connection_timeout_ms; /* [10000] to open one connection, all its hosts together */
    int64_t pool_timeout_ms;       /* [30000] to wait for a free connection; 0: do not wait */
    int64_t query_timeout_ms;      /* [0: none] for one statement; then it is cancelled */
    bool pool_pre_ping;            /* [false] ask the server for a sign of life before each use */
    int64_t pool_recycle_ms;       /* [3600000] close a connection this old; 0: never */
    int pool_recycle_jitter;      /* [10] per cent by which each connection's age limit is shortened
                                     at random, so that they do not expire together */
    int64_t pool_idle_timeout_ms; /* [600000] close connections beyond pool_size that were not used
                                     for so long; 0: never */
    pqe_reset pool_reset;         /* [PQE_RESET_AUTO] */
    int64_t leak_warning_ms;      /* [0: off] log a warning about a connection held for longer */
    int statement_cache_size;     /* [128] statements prepared per connection; 0: none.  Behind a
                                     connection pooler nothing is prepared */
    int max_retries;        /* [0] how often pqe_execute tries again what is safe to try again:
                               a serialization failure, a deadlock, a connection lost before the
                               statement was sent */
    int64_t retry_delay_ms; /* [100] before the first retry; doubled for each further one */

    /* The health monitor: a thread that looks after idle connections while traffic goes on. */
    bool health_check_enabled;        /* [true] */
    int64_t health_check_interval_ms; /* [30000] */
    int64_t health_check_timeout_ms;  /* [5000] for one sign of life, that of pool_pre_ping too */
    int health_check_retries;         /* [1] further tries before a connection counts as broken */

    /* The schema.  Nothing of it happens where there are neither models_path nor models. */
    const char *models_path;        /* [NULL] a .sql file, or a folder searched in depth for them */
    const pqe_model *const *models; /* [NULL] models declared in C; see PQE_MODEL.  The array is
                                       copied, the models themselves must outlive the engine */
    size_t model_count;             /* [0] */
    bool ensure_database;           /* [true] create the database where it is missing */
    bool ensure_tables;             /* [true] create what the models hold and the database does not;
                                       with ensure_migrations the first migration does it */
    bool ensure_migrations;      /* [false] write a migration for what differs, and apply all that
                                    are not applied yet */
    const char *migrations_path; /* ["./migrations"] a folder, created where it is missing */
    bool check_schema_drift;     /* [true] log a warning where database and models differ */
    const char *schema_options;  /* [NULL] options of pqengine.plan as a JSON object, for example
                                    {"schemas": ["app"], "ignore": [{"name": "app.tmp_*"}]} */

    /* What can be seen. */
    bool enable_metrics;          /* [true] */
    bool enable_query_tracer;     /* [true] keep the last calls for pqe_query_trace */
    int query_trace_size;         /* [200] how many */
    bool trace_parameters;        /* [false] keep parameter values in the trace */
    bool debug;                   /* [false] log at PQE_LOG_DEBUG too */
    pqe_logger logger;            /* [NULL: silent] */
    void *logger_data;            /* [NULL] handed to the logger */
    const char *application_name; /* [NULL: PGAPPNAME, or else "libpqengine"] shown in
                                     pg_stat_activity; the dsn's wins */
    bool connect_at_start; /* [true] open pool_size connections in pqe_create_engine, several at a
                              time; where the first one fails, that fails, so that a wrong DSN is
                              told there and not at the first statement.  The health monitor then
                              keeps so many open.  Else they are opened when first needed.  Where
                              async is set, one connection is opened for asynchronous calls, and
                              all others when needed */
    int64_t slow_query_ms; /* [0: off] log a warning about a statement that takes so long */
    bool slow_query_plan;  /* [false] and keep its plan in the trace: EXPLAIN, without ANALYZE, runs
                              after it on the same connection, only for SELECT, INSERT, UPDATE,
                              DELETE and MERGE, outside of transaction blocks */

    /* Asynchronous calls. */
    bool async;               /* [false] the engine takes asynchronous calls */
    struct uv_loop_s *loop;   /* [NULL: a loop in a thread of the engine's own] the loop that drives
                                 them; it must outlive the engine */
    int async_queue_size;     /* [10000] calls that wait or are under way at once; one more is
                                 PQE_ERR_QUEUE_FULL */
    int async_pipeline_depth; /* [128] of them under way on one connection */
} pqe_config;

/* clang-format off */
#define PQE_CONFIG_INIT                                                                            \
    {                                                                                              \
        PQE_CONFIG_VERSION,                                                                        \
        /* where */ NULL, NULL, NULL, NULL, 0, NULL,                                               \
        /* the pool */ 20, 0, false, 10000, 30000, 0, false, 3600000, 10, 600000, PQE_RESET_AUTO,  \
        0, 128, 0, 100,                                                                            \
        /* the health monitor */ true, 30000, 5000, 1,                                             \
        /* the schema */ NULL, NULL, 0, true, true, false, "./migrations", true, NULL,             \
        /* what can be seen */ true, true, 200, false, false, NULL, NULL, NULL, true, 0, false,    \
        /* asynchronous calls */ false, NULL, 10000, 128                                           \
    }
/* clang-format on */

/* Sets every field of config to its default, as PQE_CONFIG_INIT does.  NULL is ignored. */
PQE_API void pqe_config_init(pqe_config *config);

/* ============================================================================================== */
/* The engine                                                                                     */
/* ============================================================================================== */

/*
 * Makes an engine: checks the configuration, then in this order and as far as the configuration
 * asks for it creates the database, the extension, and the tables (by migrations, or else
 * directly), warns about drift, and opens a first connection.  Several programs may do so at once;
 * they take turns where they must.
 *
 * On failure *engine is NULL and nothing is left behind but what was already complete on the
 * server.
 */
PQE_API pqe_status pqe_create_engine(const pqe_config *config, pqe_engine **engine,
                                     pqe_error *error);

/*
 * Closes the engine down: callers that wait for a connection and all later calls get
 * PQE_ERR_DISPOSED, statements that are running are waited for, then every connection is closed.
 * A transaction that is open is rolled back by that.  Connections that were never released are
 * named in a warning to the logger.  A second call is PQE_ERR_DISPOSED.
 *
 * The handle itself stays valid, so that other threads may still ask and be told, until
 * pqe_free_engine.
 */
PQE_API pqe_status pqe_dispose(pqe_engine *engine, pqe_error *error);

/*
 * Gives back the engine's memory, after pqe_dispose where that was not called yet.  From here on no
 * thread may use the engine, nor its connections and transactions; results stay valid.  NULL is
 * ignored.
 */
PQE_API void pqe_free_engine(pqe_engine *engine);

/*
 * Adds a model declared in C after the engine was made.  It counts from the next pqe_ensure_tables,
 * pqe_ensure_migrations or pqe_check_drift on.  The model must outlive the engine; PQE_MODEL makes
 * static ones.  A second model for the same table is PQE_ERR_MODELS.
 */
PQE_API pqe_status pqe_register_model(pqe_engine *engine, const pqe_model *model, pqe_error *error);

/*
 * The steps that pqe_create_engine takes, to be called on their own where the configuration leaves
 * them out.  Each opens connections of its own beside the pool, and may be called from several
 * threads and programs at once.
 *
 *   pqe_ensure_database    creates the configured database where the server has none of that name,
 *                          through the maintenance database ("postgres", then "template1")
 *   pqe_ensure_extension   creates or updates the pqengine extension; PQE_ERR_EXTENSION_MISSING
 *                          where the server does not have it, PQE_ERR_PERMISSION where the role
 *                          may not
 *   pqe_ensure_tables      creates what the models hold and the database does not; alters and
 *                          drops nothing
 *   pqe_ensure_migrations  makes the migrations folder, writes a migration for what differs, and
 *                          applies every migration that is not applied yet
 */
PQE_API pqe_status pqe_ensure_database(pqe_engine *engine, pqe_error *error);
PQE_API pqe_status pqe_ensure_extension(pqe_engine *engine, pqe_error *error);
PQE_API pqe_status pqe_ensure_tables(pqe_engine *engine, pqe_error *error);
PQE_API pqe_status pqe_ensure_migrations(pqe_engine *engine, pqe_error *error);

/*
 * Compares the database with the models.  *drift (unless drift is NULL) has one row for each
 * difference, none where there is no drift, with the columns change, kind, object, property,
 * expected and actual, all text; free it with pqe_result_free.  Finding drift is not an error:
 * PQE_ERR_DRIFT is returned only where drift is NULL and there is some, and the message then counts
 * it.
 */
PQE_API pqe_status pqe_check_drift(pqe_engine *engine, pqe_result **drift, pqe_error *error);

/* ============================================================================================== */
/* Parameters                                                                                     */
/* ============================================================================================== */

/* A uuid, as a parameter, in a result and in a model. */
typedef struct pqe_uuid {
    uint8_t bytes[16];
} pqe_uuid;

/* How a parameter's value is stored; made by the functions below, not by hand. */
typedef enum pqe_param_kind {
    PQE_PARAM_NULL = 0,
    PQE_PARAM_TEXT,   /* text format */
    PQE_PARAM_BYTES,  /* binary format, as is */
    PQE_PARAM_INT,    /* two's complement of 2, 4 or 8 bytes, by length */
    PQE_PARAM_DOUBLE, /* IEEE 754 of 4 or 8 bytes, by length */
    PQE_PARAM_INT64_ARRAY,
    PQE_PARAM_DOUBLE_ARRAY,
    PQE_PARAM_TEXT_ARRAY,
    PQE_PARAM_INT32_ARRAY,
    PQE_PARAM_BOOL_ARRAY,
    PQE_PARAM_UUID_ARRAY,
    PQE_PARAM_TIMESTAMPTZ_ARRAY,
    PQE_PARAM_ARRAY /* text format, from the text form of its elements */
} pqe_param_kind;

/*
 * One parameter of a statement.  What it points to must live until the call returns.  Make it with
 * the constructors: they are named after the C type, and set the SQL type that goes with it.
 */
typedef struct pqe_param {
    pqe_param_kind kind;
    uint32_t oid;  /* SQL type; 0: the server infers it from the context, as for a quoted literal */
    size_t length; /* bytes, or elements of an array */
    int64_t integer;
    double real;
    const void *pointer;
} pqe_param;

PQE_API pqe_param pqe_param_null(void);
PQE_API pqe_param pqe_param_bool(bool value);
PQE_API pqe_param pqe_param_int16(int16_t value);
PQE_API pqe_param pqe_param_int32(int32_t value);
PQE_API pqe_param pqe_param_int64(int64_t value);
PQE_API pqe_param pqe_param_float(float value);
PQE_API pqe_param pqe_param_double(double value);
/* Text of a type the server infers: serves for any type that has a text form. NULL is SQL NULL. */
PQE_API pqe_param pqe_param_text(const char *value);
/* The same of the SQL type with that oid (25 is text), where there is nothing to infer it from. */
PQE_API pqe_param pqe_param_typed(uint32_t oid, const char *value);
/* bytea; a NULL pointer is SQL NULL. */
PQE_API pqe_param pqe_param_bytes(const void *value, size_t length);
/* uuid; a NULL pointer is SQL NULL. */
PQE_API pqe_param pqe_param_uuid(const pqe_uuid *value);
/* numeric, json and jsonb from their text form; NULL is SQL NULL. */
PQE_API pqe_param pqe_param_numeric(const char *value);
PQE_API pqe_param pqe_param_json(const char *value);
PQE_API pqe_param pqe_param_jsonb(const char *value);
/* date: days since 1970-01-01.  INT32_MAX and INT32_MIN are infinity and -infinity. */
PQE_API pqe_param pqe_param_date(int32_t days);
/* timestamptz and timestamp: microseconds since 1970-01-01 00:00 (UTC for timestamptz).
   INT64_MAX and INT64_MIN are infinity and -infinity. */
PQE_API pqe_param pqe_param_timestamptz(int64_t microseconds);
PQE_API pqe_param pqe_param_timestamp(int64_t microseconds);
/* time: microseconds since midnight. */
PQE_API pqe_param pqe_param_time(int64_t microseconds);
/*
 * Arrays of one dimension: integer[], bigint[], double precision[], boolean[], uuid[], timestamptz[]
 * (as pqe_param_timestamptz) and text[] (a NULL string is a NULL element).  A NULL pointer is SQL
 * NULL, a count of 0 an empty array.
 */
PQE_API pqe_param pqe_param_int32_array(const int32_t *values, size_t count);
PQE_API pqe_param pqe_param_int64_array(const int64_t *values, size_t count);
PQE_API pqe_param pqe_param_double_array(const double *values, size_t count);
PQE_API pqe_param pqe_param_bool_array(const bool *values, size_t count);
PQE_API pqe_param pqe_param_uuid_array(const pqe_uuid *values, size_t count);
PQE_API pqe_param pqe_param_timestamptz_array(const int64_t *values, size_t count);
PQE_API pqe_param pqe_param_text_array(const char *const *values, size_t count);
/* An array of any other type (numeric[], an enum's, ...) from the text form of its elements.  oid is
   that of the array type; 0: the server infers it, as for pqe_param_text. */
PQE_API pqe_param pqe_param_array(uint32_t oid, const char *const *values, size_t count);

/* Short names, to be used within PQE_PARAMS. */
#define PQE_NULL pqe_param_null()
#define PQE_BOOL(value) pqe_param_bool(value)
#define PQE_INT16(value) pqe_param_int16(value)
#define PQE_INT32(value) pqe_param_int32(value)
#define PQE_INT64(value) pqe_param_int64(value)
#define PQE_FLOAT(value) pqe_param_float(value)
#define PQE_DOUBLE(value) pqe_param_double(value)
#define PQE_TEXT(value) pqe_param_text(value)
#define PQE_TYPED(oid, value) pqe_param_typed(oid, value)
#define PQE_BYTES(value, length) pqe_param_bytes(value, length)
#define PQE_UUID(value) pqe_param_uuid(value)
#define PQE_NUMERIC(value) pqe_param_numeric(value)
#define PQE_JSON(value) pqe_param_json(value)
#define PQE_JSONB(value) pqe_param_jsonb(value)
#define PQE_DATE(days) pqe_param_date(days)
#define PQE_TIMESTAMPTZ(microseconds) pqe_param_timestamptz(microseconds)
#define PQE_TIMESTAMP(microseconds) pqe_param_timestamp(microseconds)
#define PQE_TIME(microseconds) pqe_param_time(microseconds)
#define PQE_INT32_ARRAY(values, count) pqe_param_int32_array(values, count)
#define PQE_INT64_ARRAY(values, count) pqe_param_int64_array(values, count)
#define PQE_DOUBLE_ARRAY(values, count) pqe_param_double_array(values, count)
#define PQE_BOOL_ARRAY(values, count) pqe_param_bool_array(values, count)
#define PQE_UUID_ARRAY(values, count) pqe_param_uuid_array(values, count)
#define PQE_TIMESTAMPTZ_ARRAY(values, count) pqe_param_timestamptz_array(values, count)
#define PQE_TEXT_ARRAY(values, count) pqe_param_text_array(values, count)
#define PQE_ARRAY(oid, values, count) pqe_param_array(oid, values, count)

/*
 * The two arguments "params, param_count" of pqe_execute and its kin, from a list of parameters:
 *
 *     pqe_execute(engine, "SELECT * FROM users WHERE id = %s", PQE_PARAMS(PQE_INT64(7)), &r, &e);
 */
#ifdef __cplusplus
#define PQE_PARAMS(...)                                                                            \
    std::initializer_list<pqe_param>{__VA_ARGS__}.begin(),                                         \
        std::tuple_size<decltype(std::make_tuple(__VA_ARGS__))>::value
#else
#define PQE_PARAMS(...)                                                                            \
    (const pqe_param[]){__VA_ARGS__}, sizeof((const pqe_param[]){__VA_ARGS__}) / sizeof(pqe_param)
#endif
/* The same for a statement without parameters. */
#define PQE_NO_PARAMS NULL, 0

/* ============================================================================================== */
/* Statements                                                                                     */
/* ============================================================================================== */

/*
 * Executes one SQL statement on a connection of the pool, which goes back to the pool at once.
 *
 *   sql          one statement.  Parameters are written %s, in order, or $1, $2, ..., by number;
 *                mixing the two is PQE_ERR_PLACEHOLDER.  Neither is seen inside literals, quoted
 *                identifiers, dollar quotes and comments (a plain literal has no escapes:
 *                standard_conforming_strings is taken to be on).  %s is a placeholder only where no
 *                letter, digit or underscore follows; %% is a percent sign, except in a statement
 *                that has $n, which is sent as it is.
 *   params       param_count parameters, exactly as many as the statement asks for, or
 *                PQE_ERR_PARAMETER names both numbers; see PQE_PARAMS
 *   result       where not NULL, set to the result, to be freed with pqe_result_free
 *
 * Errors: PQE_ERR_POOL_TIMEOUT, the connection errors, PQE_ERR_QUERY with the server's words,
 * PQE_ERR_TIMEOUT after query_timeout_ms, PQE_ERR_CONNECTION where the connection was lost; see
 * may_have_run for the last two.
 */
PQE_API pqe_status pqe_execute(pqe_engine *engine, const char *sql, const pqe_param *params,
                               size_t param_count, pqe_result **result, pqe_error *error);

/*
 * A statement in the making: what an object's to_sql function writes to.  The library makes it and
 * frees it.  Mistakes made in writing (a NULL, a name that is none) are kept, and reported when the
 * statement is executed.
 */
typedef struct pqe_sql pqe_sql;

/*
 * Writes an object as a statement.  Any object with such a function can be executed in the place of
 * a text: see pqe_call.  Returns PQE_OK, or a status for the caller of pqe_execute_call with the
 * error filled (a message that is missing is made up).
 */
typedef pqe_status (*pqe_to_sql)(const void *object, pqe_sql *sql, pqe_error *error);

/* Appends SQL as it is, with the words of PostgreSQL: %s is no placeholder here. */
PQE_API void pqe_sql_append(pqe_sql *sql, const char *text);

/*
 * Appends a name, quoted.  Dots part a qualified name, app.users; a part that holds a dot or a space
 * itself is put in double quotes, with "" for a quote within, as in SQL.  Unlike in SQL a part
 * without quotes keeps its capitals.
 */
PQE_API void pqe_sql_identifier(pqe_sql *sql, const char *name);

/*
 * Appends a parameter: $1, $2, ... in the text, and the value, which is not copied: what it points to
 * must live until the call returns.
 */
PQE_API void pqe_sql_param(pqe_sql *sql, pqe_param value);

#define PQE_CALL_VERSION 1

/* One call with everything that can be said about it; start from PQE_CALL_INIT. */
typedef struct pqe_call {
    int version;             /* PQE_CALL_VERSION */
    const char *sql;         /* as for pqe_execute; NULL with to_sql */
    const pqe_param *params; /* [NULL] */
    size_t param_count;      /* [0] */
    int64_t timeout_ms;      /* [-1: query_timeout_ms] for the statement; 0: none */
    int max_retries;         /* [-1: as configured] */
    bool idempotent; /* [false] may safely run twice: with retries, also tried again where the
                        connection was lost after the statement was sent */
    pqe_to_sql
        to_sql; /* [NULL] writes the statement and its parameters, in place of sql and params */
    const void *object; /* [NULL] handed to to_sql */
    bool secret; /* [false] keep its parameters out of the trace even with trace_parameters */
} pqe_call;

/* clang-format off */
#define PQE_CALL_INIT {PQE_CALL_VERSION, NULL, NULL, 0, -1, -1, false, NULL, NULL, false}
/* clang-format on */

/* pqe_execute with the options of a pqe_call. */
PQE_API pqe_status pqe_execute_call(pqe_engine *engine, const pqe_call *call, pqe_result **result,
                                    pqe_error *error);

/* ============================================================================================== */
/* Connections and transactions                                                                   */
/* ============================================================================================== */

/*
 * Takes a connection out of the pool for several statements that need the same session.  Waits for
 * up to pool_timeout_ms; callers are served in the order they came.  Give it back with pqe_release.
 *
 *   who   a name for the holder, shown when the pool is exhausted and in leak warnings; copied (63
 *         bytes of it); NULL for none
 */
PQE_API pqe_status pqe_acquire(pqe_engine *engine, const char *who, pqe_connection **connection,
                               pqe_error *error);

/*
 * Gives a connection back.  An open transaction is rolled back and what is left of session state is
 * reset, as pool_reset says.  The handle must not be used afterwards: releasing it twice, or
 * executing on it, is PQE_ERR_STATE (as long as the engine lives; the memory of handles is taken up
 * again only after many others).
 */
PQE_API pqe_status pqe_release(pqe_connection *connection, pqe_error *error);

/* pqe_execute on a connection that was acquired.  Nothing is retried. */
PQE_API pqe_status pqe_connection_execute(pqe_connection *connection, const char *sql,
                                          const pqe_param *params, size_t param_count,
                                          pqe_result **result, pqe_error *error);
PQE_API pqe_status pqe_connection_execute_call(pqe_connection *connection, const pqe_call *call,
                                               pqe_result **result, pqe_error *error);

typedef enum pqe_isolation {
    PQE_ISOLATION_DEFAULT = 0, /* the server's default_transaction_isolation */
    PQE_ISOLATION_READ_COMMITTED,
    PQE_ISOLATION_REPEATABLE_READ,
    PQE_ISOLATION_SERIALIZABLE
} pqe_isolation;

#define PQE_TRANSACTION_OPTIONS_VERSION 1

/* How a transaction begins; start from PQE_TRANSACTION_OPTIONS_INIT. */
typedef struct pqe_transaction_options {
    int version; /* PQE_TRANSACTION_OPTIONS_VERSION */
    pqe_isolation isolation;
    bool read_only;  /* [false] */
    bool deferrable; /* [false] with serializable and read_only: wait for a snapshot that is safe */
    const char *who; /* [NULL] as for pqe_acquire */
    int max_retries; /* [10] for pqe_transaction_run: how often it may begin again */
} pqe_transaction_options;

/* clang-format off */
#define PQE_TRANSACTION_OPTIONS_INIT                                                               \
    {PQE_TRANSACTION_OPTIONS_VERSION, PQE_ISOLATION_DEFAULT, false, false, NULL, 10}
/* clang-format on */

/*
 * Begins a transaction on a connection of the pool, which it keeps until commit or rollback.
 * options may be NULL.  A transaction that is never ended is rolled back by pqe_dispose.
 */
PQE_API pqe_status pqe_transaction_begin(pqe_engine *engine, const pqe_transaction_options *options,
                                         pqe_transaction **transaction, pqe_error *error);

/*
 * Executes a statement in a transaction.  After a statement has failed the server refuses all
 * others until the transaction, or a savepoint taken before, is rolled back.  BEGIN, COMMIT and
 * ROLLBACK are refused here with PQE_ERR_STATE: use the functions.
 */
PQE_API pqe_status pqe_transaction_execute(pqe_transaction *transaction, const char *sql,
                                           const pqe_param *params, size_t param_count,
                                           pqe_result **result, pqe_error *error);
PQE_API pqe_status pqe_transaction_execute_call(pqe_transaction *transaction, const pqe_call *call,
                                                pqe_result **result, pqe_error *error);

/*
 * Commit and rollback end the transaction whatever they return, and give its connection back.
 * A commit of a transaction in which a statement had failed is a rollback on the server, and
 * PQE_ERR_QUERY with sqlstate 25P02 here; detail says which statement, and how it failed.  A commit whose connection is lost before the answer came
 * is PQE_ERR_CONNECTION with may_have_run set.
 */
PQE_API pqe_status pqe_transaction_commit(pqe_transaction *transaction, pqe_error *error);
PQE_API pqe_status pqe_transaction_rollback(pqe_transaction *transaction, pqe_error *error);

/* Savepoints: set one, go back to it (it stays), or forget it.  The name is any text up to 63
 * bytes. */
PQE_API pqe_status pqe_savepoint(pqe_transaction *transaction, const char *name, pqe_error *error);
PQE_API pqe_status pqe_rollback_to(pqe_transaction *transaction, const char *name,
                                   pqe_error *error);
PQE_API pqe_status pqe_release_savepoint(pqe_transaction *transaction, const char *name,
                                         pqe_error *error);

/*
 * The work of a transaction.  Returns PQE_OK to have it committed, anything else to have it rolled
 * back, with the error filled (the calls on the transaction do that).  It must not end the transaction
 * itself.  It may be called several times: what it does besides the transaction must bear that.
 */
typedef pqe_status (*pqe_transaction_body)(pqe_transaction *transaction, void *data,
                                           pqe_error *error);

/*
 * Begins a transaction, calls the body, and commits or rolls back.  After a serialization failure
 * (SQLSTATE 40001) or a deadlock (40P01), in the body or at the commit, all of it is done once more
 * after a pause: retry_delay_ms of the configuration, doubled each time, with jitter; max_retries of
 * the options at most.  Nothing else is tried again.
 *
 * Returns what the body or the commit came to, with its error.  A transaction whose connection is
 * lost during the commit is PQE_ERR_CONNECTION with may_have_run set.
 */
PQE_API pqe_status pqe_transaction_run(pqe_engine *engine, const pqe_transaction_options *options,
                                       pqe_transaction_body body, void *data, pqe_error *error);

/* ============================================================================================== */
/* Asynchronous calls                                                                             */
/* ============================================================================================== */

/*
 * An engine made with pqe_config.async takes calls that do not block.  libuv drives them, on the
 * caller's loop (pqe_config.loop) or in a thread of the engine's own, and libpq's pipeline mode
 * carries many of them over one connection at once.
 *
 *   Threads     The functions of this section may be called from any thread.  Callbacks run in the
 *               thread of the loop, one after another, and hold up all other calls while they run.
 *   Callbacks   Each is called exactly once for a function that returned PQE_OK, and not at all for
 *               one that did not; never from within the function itself.  A callback may make new
 *               calls, cancel others, and call pqe_dispose_async; functions that block
 *               (pqe_dispose, pqe_parallel_execute and all of the other sections that ask the
 *               server) have no place in it.  pqe_dispose, pqe_free_engine and
 *               pqe_parallel_execute find that out and refuse.
 *   Arguments   SQL, parameters and names are copied: they need not outlive the function.
 *   Order       No order is promised between calls of the engine, with one connection neither.
 *               Calls on one acquired connection, or in one transaction, are executed in the order
 *               in which they were made, each after the end of the one before.
 *   Isolation   Each call is a transaction of its own, whatever happens to others that share its
 *               connection.  Queries that plainly change nothing share a round trip, and are
 *               executed again, unseen, where one of them fails.
 *   Connections The asynchronous side has connections of its own, up to pool_size (max_pool_size
 *               where calls still have to wait), opened when they are needed by helper threads: DNS,
 *               TLS and login never hold up the loop.  pool_recycle_ms, pool_idle_timeout_ms and the
 *               health monitor apply, this one as a timer; pool_pre_ping does not.
 *   Times       A call waits for a connection for up to pool_timeout_ms, then PQE_ERR_POOL_TIMEOUT.
 *               Its own timeout runs from when it is handed to a connection.
 *   The loop    An engine keeps its loop alive until it is disposed of.
 */
typedef struct pqe_async_connection pqe_async_connection;
typedef struct pqe_async_transaction pqe_async_transaction;

/* Names a call, for pqe_cancel_async.  Unique within an engine, never 0, never used again. */
typedef uint64_t pqe_async_id;

/*
 * The end of a call.
 *
 *   data     as given with the call
 *   status   of the call, the same as error->code
 *   result   the caller's from here on, to be freed with pqe_result_free; NULL on failure and where
 *            the call has none
 *   error    never NULL; valid during the callback only
 */
typedef void (*pqe_callback)(void *data, pqe_status status, pqe_result *result,
                             const pqe_error *error);

/*
 * Executes a statement as pqe_execute_call does, without waiting for it.  Statements that begin or
 * end a transaction are refused as there, COPY FROM STDIN and COPY TO STDOUT are PQE_ERR_QUERY.
 *
 *   callback   may be NULL: nobody is told, and the result is dropped
 *   id         where not NULL, set to the call's name before the callback can be called
 *
 * Errors, at once: PQE_ERR_STATE where the engine is not asynchronous, PQE_ERR_QUEUE_FULL, and what
 * can be said without a server (PQE_ERR_PARAMETER, PQE_ERR_PLACEHOLDER, ...).  In the callback: those
 * of pqe_execute, PQE_ERR_CANCELLED and PQE_ERR_DISPOSED.
 */
PQE_API pqe_status pqe_execute_async(pqe_engine *engine, const pqe_call *call,
                                     pqe_callback callback, void *data, pqe_async_id *id,
                                     pqe_error *error);

/*
 * Asks for a call to be given up.  One that waits is dropped; for one that runs the server is asked
 * to cancel it.  Its callback tells what came of it: PQE_ERR_CANCELLED, with may_have_run set where
 * nothing is known, or its ordinary end where that came first.  A call that has ended already is
 * PQE_OK, too: there is no telling it from one that is just ending.  Other calls on the same
 * connection are not harmed.
 */
PQE_API pqe_status pqe_cancel_async(pqe_engine *engine, pqe_async_id id, pqe_error *error);

/* Receives a connection, or NULL on failure. */
typedef void (*pqe_acquire_callback)(void *data, pqe_status status,
                                     pqe_async_connection *connection, const pqe_error *error);

/*
 * Takes a connection for several calls that need the same session; who as for pqe_acquire, and the
 * callback must not be NULL.
 */
PQE_API pqe_status pqe_acquire_async(pqe_engine *engine, const char *who,
                                     pqe_acquire_callback callback, void *data, pqe_async_id *id,
                                     pqe_error *error);

/* Executes on a connection that was acquired.  Nothing is retried. */
PQE_API pqe_status pqe_connection_execute_async(pqe_async_connection *connection,
                                                const pqe_call *call, pqe_callback callback,
                                                void *data, pqe_async_id *id, pqe_error *error);

/*
 * Gives a connection back once the calls made on it before have ended; see pqe_release.  The handle
 * must not be used afterwards: PQE_ERR_STATE, as long as the engine lives and within the limits told
 * there.
 */
PQE_API pqe_status pqe_release_async(pqe_async_connection *connection, pqe_error *error);

/* Receives a transaction that has begun, or NULL on failure. */
typedef void (*pqe_begin_callback)(void *data, pqe_status status,
                                   pqe_async_transaction *transaction, const pqe_error *error);

/* As pqe_transaction_begin; the callback must not be NULL. */
PQE_API pqe_status pqe_transaction_begin_async(pqe_engine *engine,
                                               const pqe_transaction_options *options,
                                               pqe_begin_callback callback, void *data,
                                               pqe_async_id *id, pqe_error *error);

/*
 * As pqe_transaction_execute_call.  Savepoints are statements here: SAVEPOINT a, ROLLBACK TO
 * SAVEPOINT a, RELEASE SAVEPOINT a.
 */
PQE_API pqe_status pqe_transaction_execute_async(pqe_async_transaction *transaction,
                                                 const pqe_call *call, pqe_callback callback,
                                                 void *data, pqe_async_id *id, pqe_error *error);

/*
 * End a transaction after the calls made in it before, and give its connection back.  The handle must
 * not be used afterwards.  Errors, in the callback, as of pqe_transaction_commit.
 */
PQE_API pqe_status pqe_transaction_commit_async(pqe_async_transaction *transaction,
                                                pqe_callback callback, void *data,
                                                pqe_error *error);
PQE_API pqe_status pqe_transaction_rollback_async(pqe_async_transaction *transaction,
                                                  pqe_callback callback, void *data,
                                                  pqe_error *error);

/* What pqe_ensure_async does: the function of that name, run by a helper thread. */
typedef enum pqe_ensure {
    PQE_ENSURE_DATABASE,
    PQE_ENSURE_EXTENSION,
    PQE_ENSURE_TABLES,
    PQE_ENSURE_MIGRATIONS,
    PQE_ENSURE_NO_DRIFT /* pqe_check_drift; the callback's result holds the differences */
} pqe_ensure;

/*
 * Runs one of the steps of start-up, which may take long, in a thread of its own.  Cannot be
 * cancelled; pqe_dispose waits for it.
 */
PQE_API pqe_status pqe_ensure_async(pqe_engine *engine, pqe_ensure what, pqe_callback callback,
                                    void *data, pqe_error *error);

/* Receives an engine, or NULL on failure. */
typedef void (*pqe_engine_callback)(void *data, pqe_status status, pqe_engine *engine,
                                    const pqe_error *error);

/*
 * pqe_create_engine, which talks to the server for as long as that takes, in a helper thread.  For
 * an engine on the caller's loop (pqe_config.async and loop must be set), whose thread must be the
 * one that calls this; the callback, which must not be NULL, runs there.
 */
PQE_API pqe_status pqe_create_engine_async(const pqe_config *config, pqe_engine_callback callback,
                                           void *data, pqe_error *error);

/* Called when an engine has been closed down. */
typedef void (*pqe_dispose_callback)(void *data);

/*
 * pqe_dispose without waiting, for an asynchronous engine.  Calls that wait get PQE_ERR_DISPOSED;
 * those under way are cancelled, and end as the server says, or with PQE_ERR_DISPOSED and
 * may_have_run set where it does not within a second.  After the last callback the engine's handles
 * on the loop are closed, then callback (unless NULL) is called in the loop's thread; from there on
 * pqe_free_engine may be called, in the callback itself where the loop is the caller's.
 *
 * pqe_dispose does the same and waits for it.  On the caller's loop it runs the loop while it waits
 * (uv_run), so it must be called by the loop's thread and outside of its callbacks.
 */
PQE_API pqe_status pqe_dispose_async(pqe_engine *engine, pqe_dispose_callback callback, void *data,
                                     pqe_error *error);

/*
 * Executes several calls at once and waits for all of them.  An asynchronous engine sends them down
 * its pipelines; any other executes them on as many connections as it may have, by helper threads.
 * No order is promised between them, and one that fails does not keep the others from being executed.
 *
 *   results   where not NULL, an array of count: the result of each call, to be freed with
 *             pqe_result_free, or NULL where it failed
 *   errors    where not NULL, an array of count: what became of each call
 *
 * Returns PQE_OK where all went well, otherwise the status and error of the first call, in their
 * order, that failed.
 */
PQE_API pqe_status pqe_parallel_execute(pqe_engine *engine, const pqe_call *calls, size_t count,
                                        pqe_result **results, pqe_error *errors, pqe_error *error);

/*
 * The end of pqe_parallel_execute_async: status and error are of the first call that failed; the
 * results, count of them, are the caller's, but neither array is.
 */
typedef void (*pqe_parallel_callback)(void *data, pqe_status status, pqe_result *const *results,
                                      const pqe_error *errors, size_t count,
                                      const pqe_error *error);

/* The same without waiting, on an asynchronous engine; the callback must not be NULL. */
PQE_API pqe_status pqe_parallel_execute_async(pqe_engine *engine, const pqe_call *calls,
                                              size_t count, pqe_parallel_callback callback,
                                              void *data, pqe_error *error);

/* ============================================================================================== */
/* Notifications                                                                                  */
/* ============================================================================================== */

typedef struct pqe_listener pqe_listener;

typedef enum pqe_listen_event {
    PQE_LISTEN_NOTIFICATION, /* NOTIFY was executed on a channel */
    PQE_LISTEN_LOST,         /* the connection was lost; it is being opened again */
    PQE_LISTEN_RECONNECTED   /* listening again: notifications may have been missed since, so that
                                what they would have told is to be read from the tables */
} pqe_listen_event;

/* What a listener has to say; the texts live until the next pqe_listener_wait, or during the
   callback. */
typedef struct pqe_notification {
    pqe_listen_event event;
    const char *channel; /* the next three with PQE_LISTEN_NOTIFICATION, else "" and 0 */
    const char *payload;
    int backend_pid;     /* of the session that notified */
    const char *message; /* with PQE_LISTEN_LOST: why; else "" */
} pqe_notification;

typedef void (*pqe_listen_callback)(void *data, const pqe_notification *notification);

/*
 * Listens on channels, by a connection and a thread of the listener's own.  The connection is kept
 * alive: when it is lost it is opened again, at first at once, then with pauses that grow to 10 s,
 * and LISTEN is sent anew for every channel.  Behind a pooler in transaction mode LISTEN does not
 * work: give a dsn of the server itself.
 *
 *   channels   count names, as they are (not SQL: "Orders" is not orders); more can be added later
 *   callback   where not NULL, called for every event: in the loop's thread where the engine is
 *              asynchronous, else in the listener's, which must not call pqe_listener_close.  Where
 *              NULL, events are kept for pqe_listener_wait: up to 10,000 of them, then reading stops
 *              and the server keeps the rest.
 *
 * Returns when the listener listens; the first connection is not tried again where it fails.  It must
 * be closed before pqe_dispose; pqe_dispose closes what was forgotten.
 */
PQE_API pqe_status pqe_listen(pqe_engine *engine, const char *const *channels, size_t count,
                              pqe_listen_callback callback, void *data, pqe_listener **listener,
                              pqe_error *error);

/* Adds or removes a channel; takes effect at once, or with the next connection where there is none
   at the moment.  Returns when the server knows. */
PQE_API pqe_status pqe_listener_add(pqe_listener *listener, const char *channel, pqe_error *error);
PQE_API pqe_status pqe_listener_remove(pqe_listener *listener, const char *channel,
                                       pqe_error *error);

/*
 * Waits for the next event for up to timeout_ms; negative: for as long as it takes.  *received says
 * whether there was one.  PQE_ERR_STATE for a listener with a callback.  For one thread at a time.
 */
PQE_API pqe_status pqe_listener_wait(pqe_listener *listener, int64_t timeout_ms,
                                     pqe_notification *notification, bool *received,
                                     pqe_error *error);

/*
 * Stops listening and frees the listener.  After it has returned the callback is not called any more
 * where it is called by the listener's thread; on an asynchronous engine, where it is called by the
 * loop's thread.  From any other thread one call may still be going on.  NULL is ignored.
 */
PQE_API void pqe_listener_close(pqe_listener *listener);

/* ============================================================================================== */
/* Streams and COPY                                                                               */
/* ============================================================================================== */

/* A statement whose rows come as they are read, for results that are too large to hold. */
typedef struct pqe_stream pqe_stream;

/*
 * Executes a statement whose rows are then read one after the other: on a connection of the pool, on
 * one that was acquired, or in a transaction.  The call passes middlewares and hooks as any other; it
 * counts when it ends.  timeout_ms, or query_timeout_ms, is for all of it, up to the last row.
 *
 * Until its end, or pqe_stream_close, the connection or transaction refuses all else with
 * PQE_ERR_STATE.  In a transaction the stream has a savepoint of its own, so that it may be closed
 * early without harm.  A stream belongs to one thread at a time, and must be closed before
 * pqe_free_engine.
 */
PQE_API pqe_status pqe_stream_open(pqe_engine *engine, const pqe_call *call, pqe_stream **stream,
                                   pqe_error *error);
PQE_API pqe_status pqe_connection_stream(pqe_connection *connection, const pqe_call *call,
                                         pqe_stream **stream, pqe_error *error);
PQE_API pqe_status pqe_transaction_stream(pqe_transaction *transaction, const pqe_call *call,
                                          pqe_stream **stream, pqe_error *error);

/*
 * Waits for the next rows.  *rows has at least one, and is NULL with PQE_OK after the last: how many
 * come at once depends on libpq (one before version 17).  It belongs to the stream, and is valid until
 * the next call.
 *
 * An error in the middle of the rows (the server's, a timeout, a lost connection) is told here, and
 * again by every further call.
 */
PQE_API pqe_status pqe_stream_next(pqe_stream *stream, const pqe_result **rows, pqe_error *error);

/*
 * Ends a stream and frees it, whatever is returned.  Rows that were not read are given up: the
 * statement is cancelled, and the connection can be used again, or was replaced in the pool.  Errors
 * that pqe_stream_next has told are not told again.  NULL is ignored.
 */
PQE_API pqe_status pqe_stream_close(pqe_stream *stream, pqe_error *error);

/*
 * Gives the next bytes of a COPY FROM STDIN: up to size of them into buffer, and how many into
 * *length; 0 of them is the end.  Anything but PQE_OK gives the COPY up: no row of it stays.
 */
typedef pqe_status (*pqe_copy_read)(void *data, char *buffer, size_t size, size_t *length,
                                    pqe_error *error);

/* Takes the next bytes of a COPY TO STDOUT, whole rows.  Anything but PQE_OK gives the COPY up. */
typedef pqe_status (*pqe_copy_write)(void *data, const char *bytes, size_t length,
                                     pqe_error *error);

#define PQE_COPY_VERSION 1

/* A COPY; start from PQE_COPY_INIT. */
typedef struct pqe_copy {
    int version;          /* PQE_COPY_VERSION */
    const char *sql;      /* COPY ... FROM STDIN or COPY ... TO STDOUT, in any of its formats */
    pqe_copy_read read;   /* [NULL] for FROM STDIN */
    pqe_copy_write write; /* [NULL] for TO STDOUT */
    void *data;           /* [NULL] handed to both */
    int64_t timeout_ms;   /* [-1: query_timeout_ms] for all of it; 0: none */
} pqe_copy;

/* clang-format off */
#define PQE_COPY_INIT {PQE_COPY_VERSION, NULL, NULL, NULL, NULL, -1}
/* clang-format on */

/*
 * Runs a COPY on a connection of the pool, on one that was acquired, or in a transaction.  *rows,
 * unless it is NULL, is how many were copied.
 *
 * A row that the server refuses is PQE_ERR_QUERY, and context names the table, the line and the
 * column; no row of the COPY stays.  A failure of read or write is returned as it is, with its error.
 */
PQE_API pqe_status pqe_copy_run(pqe_engine *engine, const pqe_copy *copy, uint64_t *rows,
                                pqe_error *error);
PQE_API pqe_status pqe_connection_copy(pqe_connection *connection, const pqe_copy *copy,
                                       uint64_t *rows, pqe_error *error);
PQE_API pqe_status pqe_transaction_copy(pqe_transaction *transaction, const pqe_copy *copy,
                                        uint64_t *rows, pqe_error *error);

/* Bytes in memory: what pqe_copy_from_memory reads, or pqe_copy_to_memory has written. */
typedef struct pqe_copy_memory {
    char *bytes;   /* to write: NULL at first, to be freed with pqe_free */
    size_t length; /* of them */
    size_t used;   /* 0 at first: how many were read, or how many there is room for */
} pqe_copy_memory;

/* Ready-made for pqe_copy: data is a FILE *, or a pqe_copy_memory *.  A file that cannot be read or
   written is PQE_ERR_IO. */
PQE_API pqe_status pqe_copy_from_file(void *data, char *buffer, size_t size, size_t *length,
                                      pqe_error *error);
PQE_API pqe_status pqe_copy_to_file(void *data, const char *bytes, size_t length, pqe_error *error);
PQE_API pqe_status pqe_copy_from_memory(void *data, char *buffer, size_t size, size_t *length,
                                        pqe_error *error);
PQE_API pqe_status pqe_copy_to_memory(void *data, const char *bytes, size_t length,
                                      pqe_error *error);

/* ============================================================================================== */
/* Results                                                                                        */
/* ============================================================================================== */

/*
 * A result holds all rows in memory, independent of its connection and engine.  Rows and columns
 * are counted from 0.  What the getters point to lives as long as the result.
 */

/* Frees a result and all that was got from it.  NULL is ignored. */
PQE_API void pqe_result_free(pqe_result *result);

/* How many rows and columns there are; 0 for NULL. */
PQE_API size_t pqe_result_rows(const pqe_result *result);
PQE_API size_t pqe_result_columns(const pqe_result *result);

/* How many rows INSERT, UPDATE, DELETE, MERGE, SELECT, ... dealt with; 0 for NULL and for others.
 */
PQE_API uint64_t pqe_result_affected(const pqe_result *result);

/* The server's command tag, for example "INSERT 0 1"; "" for NULL. */
PQE_API const char *pqe_result_command(const pqe_result *result);

/* A column's name, or NULL where there is no such column. */
PQE_API const char *pqe_result_column_name(const pqe_result *result, size_t column);

/* The oid of a column's type, or 0 where there is no such column. */
PQE_API uint32_t pqe_result_column_type(const pqe_result *result, size_t column);

/* The number of the first column with exactly that name, or -1. */
PQE_API int pqe_result_column(const pqe_result *result, const char *name);

/* Whether a value is NULL; true also where there is no such row or column. */
PQE_API bool pqe_is_null(const pqe_result *result, size_t row, size_t column);

/*
 * The getters read one value as a C type.  Each exists by column number and, with _by_name, by
 * column name.  Errors: PQE_ERR_COLUMN (no such row or column), PQE_ERR_NULL_VALUE (the value is
 * NULL and the type cannot say so; *value is left alone, so that it may hold a default),
 * PQE_ERR_TYPE (the value does not read as that type, or does not fit it).
 *
 *   bool               boolean
 *   int16 int32 int64  any value that reads as a whole number in that range
 *   float double       any value that reads as a number, Infinity and NaN included
 *   text               any type, in the server's text form (numeric, json, enums, arrays, ...); a
 *                      pointer to it, and to NULL with PQE_OK where the value is NULL
 *   bytes              bytea: a pointer and a length; NULL and 0 with PQE_OK where the value is NULL
 *   uuid               16 bytes
 *   date               days since 1970-01-01; infinite: INT32_MAX, INT32_MIN
 *   timestamp          timestamp, timestamptz and date: microseconds since 1970-01-01 00:00, UTC for
 *                      timestamptz; infinite: INT64_MAX, INT64_MIN
 *   time               time: microseconds since midnight
 */
PQE_API pqe_status pqe_get_bool(const pqe_result *result, size_t row, size_t column, bool *value,
                                pqe_error *error);
PQE_API pqe_status pqe_get_int16(const pqe_result *result, size_t row, size_t column,
                                 int16_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_int32(const pqe_result *result, size_t row, size_t column,
                                 int32_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_int64(const pqe_result *result, size_t row, size_t column,
                                 int64_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_float(const pqe_result *result, size_t row, size_t column, float *value,
                                 pqe_error *error);
PQE_API pqe_status pqe_get_double(const pqe_result *result, size_t row, size_t column,
                                  double *value, pqe_error *error);
PQE_API pqe_status pqe_get_text(const pqe_result *result, size_t row, size_t column,
                                const char **value, pqe_error *error);
PQE_API pqe_status pqe_get_bytes(const pqe_result *result, size_t row, size_t column,
                                 const uint8_t **value, size_t *length, pqe_error *error);
PQE_API pqe_status pqe_get_uuid(const pqe_result *result, size_t row, size_t column,
                                pqe_uuid *value, pqe_error *error);
PQE_API pqe_status pqe_get_date(const pqe_result *result, size_t row, size_t column, int32_t *value,
                                pqe_error *error);
PQE_API pqe_status pqe_get_timestamp(const pqe_result *result, size_t row, size_t column,
                                     int64_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_time(const pqe_result *result, size_t row, size_t column, int64_t *value,
                                pqe_error *error);

/* What the getters of arrays give: count values, and which of them are NULL (nulls is NULL where none
   is; a value that is NULL is 0, or a NULL pointer).  values is NULL for an array that is NULL
   itself. */
#define PQE_ARRAY_TYPE(name, type)                                                                 \
    typedef struct name {                                                                          \
        type const *values;                                                                        \
        const bool *nulls;                                                                         \
        size_t count;                                                                              \
    } name
PQE_ARRAY_TYPE(pqe_bool_array, bool);
PQE_ARRAY_TYPE(pqe_int32_array, int32_t);
PQE_ARRAY_TYPE(pqe_int64_array, int64_t);
PQE_ARRAY_TYPE(pqe_double_array, double);
PQE_ARRAY_TYPE(pqe_text_array, const char *);
PQE_ARRAY_TYPE(pqe_uuid_array, pqe_uuid);
PQE_ARRAY_TYPE(pqe_timestamp_array, int64_t);

/*
 * The same for arrays of one dimension, whose elements read as the type: bool, int32, int64, double,
 * text (numeric, enums, ... as well), uuid, and timestamp as above.  Each call takes memory that
 * pqe_result_free gives back.  An array of several dimensions is PQE_ERR_TYPE; its text form is had
 * by pqe_get_text.
 */
PQE_API pqe_status pqe_get_bool_array(const pqe_result *result, size_t row, size_t column,
                                      pqe_bool_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_int32_array(const pqe_result *result, size_t row, size_t column,
                                       pqe_int32_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_int64_array(const pqe_result *result, size_t row, size_t column,
                                       pqe_int64_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_double_array(const pqe_result *result, size_t row, size_t column,
                                        pqe_double_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_text_array(const pqe_result *result, size_t row, size_t column,
                                      pqe_text_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_uuid_array(const pqe_result *result, size_t row, size_t column,
                                      pqe_uuid_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_timestamp_array(const pqe_result *result, size_t row, size_t column,
                                           pqe_timestamp_array *value, pqe_error *error);
PQE_API pqe_status pqe_get_bool_array_by_name(const pqe_result *result, size_t row,
                                              const char *column, pqe_bool_array *value,
                                              pqe_error *error);
PQE_API pqe_status pqe_get_int32_array_by_name(const pqe_result *result, size_t row,
                                               const char *column, pqe_int32_array *value,
                                               pqe_error *error);
PQE_API pqe_status pqe_get_int64_array_by_name(const pqe_result *result, size_t row,
                                               const char *column, pqe_int64_array *value,
                                               pqe_error *error);
PQE_API pqe_status pqe_get_double_array_by_name(const pqe_result *result, size_t row,
                                                const char *column, pqe_double_array *value,
                                                pqe_error *error);
PQE_API pqe_status pqe_get_text_array_by_name(const pqe_result *result, size_t row,
                                              const char *column, pqe_text_array *value,
                                              pqe_error *error);
PQE_API pqe_status pqe_get_uuid_array_by_name(const pqe_result *result, size_t row,
                                              const char *column, pqe_uuid_array *value,
                                              pqe_error *error);
PQE_API pqe_status pqe_get_timestamp_array_by_name(const pqe_result *result, size_t row,
                                                   const char *column, pqe_timestamp_array *value,
                                                   pqe_error *error);

PQE_API pqe_status pqe_get_bool_by_name(const pqe_result *result, size_t row, const char *column,
                                        bool *value, pqe_error *error);
PQE_API pqe_status pqe_get_int16_by_name(const pqe_result *result, size_t row, const char *column,
                                         int16_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_int32_by_name(const pqe_result *result, size_t row, const char *column,
                                         int32_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_int64_by_name(const pqe_result *result, size_t row, const char *column,
                                         int64_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_float_by_name(const pqe_result *result, size_t row, const char *column,
                                         float *value, pqe_error *error);
PQE_API pqe_status pqe_get_double_by_name(const pqe_result *result, size_t row, const char *column,
                                          double *value, pqe_error *error);
PQE_API pqe_status pqe_get_text_by_name(const pqe_result *result, size_t row, const char *column,
                                        const char **value, pqe_error *error);
PQE_API pqe_status pqe_get_bytes_by_name(const pqe_result *result, size_t row, const char *column,
                                         const uint8_t **value, size_t *length, pqe_error *error);
PQE_API pqe_status pqe_get_uuid_by_name(const pqe_result *result, size_t row, const char *column,
                                        pqe_uuid *value, pqe_error *error);
PQE_API pqe_status pqe_get_date_by_name(const pqe_result *result, size_t row, const char *column,
                                        int32_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_timestamp_by_name(const pqe_result *result, size_t row,
                                             const char *column, int64_t *value, pqe_error *error);
PQE_API pqe_status pqe_get_time_by_name(const pqe_result *result, size_t row, const char *column,
                                        int64_t *value, pqe_error *error);

/* ============================================================================================== */
/* Models in C                                                                                    */
/* ============================================================================================== */

/*
 * A table declared once, as a list of its columns, gives a struct, the DDL, and the mapping of rows
 * onto the struct:
 *
 *     #define USER_FIELDS(FIELD)                                                     \
 *         FIELD(int64,       id,         "GENERATED ALWAYS AS IDENTITY PRIMARY KEY") \
 *         FIELD(text,        email,      "UNIQUE")                                   \
 *         FIELD(opt_text,    nickname,   "")                                         \
 *         FIELD(as(text, "numeric(10,2)"), credit, "DEFAULT 0 CHECK (credit >= 0)")  \
 *         FIELD(timestamptz, created_at, "DEFAULT now()")
 *     PQE_MODEL(user, "public.users", USER_FIELDS)
 *
 * declares `struct user` with the members id and created_at (int64_t) and email, nickname and
 * credit (const char *); the constant `user_model` of type pqe_model; and `user_fetch(result, row,
 * &user, &error)`, which is pqe_fetch_struct with the right types.
 *
 * FIELD(type, name, constraints): the name is the member and the column, the constraints are SQL
 * that follows the column's type.  Types, with the C and SQL type that each stands for:
 *
 *     bool         bool        boolean             text         const char *  text
 *     int16        int16_t     smallint            numeric      const char *  numeric
 *     int32        int32_t     integer             json, jsonb  const char *  json, jsonb
 *     int64        int64_t     bigint              bytes        pqe_bytes     bytea
 *     float32      float       real                uuid         pqe_uuid      uuid
 *     float64      double      double precision    date         int32_t       date
 *     timestamp    int64_t     timestamp           timestamptz  int64_t       timestamptz
 *     time         int64_t     time
 *
 * A column is NOT NULL, so that struct and table cannot disagree, unless its type begins with opt_:
 * opt_text, opt_numeric, opt_json, opt_jsonb and opt_bytes are NULL pointers for NULL, and
 * opt_bool, opt_int16, opt_int32, opt_int64, opt_float32, opt_float64, opt_uuid, opt_date,
 * opt_timestamp, opt_timestamptz and opt_time are structs { bool has_value; T value; }.
 *
 * as(type, "sql") keeps the C side of type and takes any SQL type: as(text, "order_status").
 *
 * PQE_MODEL_WITH adds table constraints (SQL, comma-separated, "" for none) and further statements
 * (SQL, ";" after each, "" for none: indexes, comments, triggers).
 *
 * The macros may stand in a header; each file that includes it has its own copy of the constant.
 */
typedef struct pqe_bytes {
    const uint8_t *data; /* NULL where the column is NULL */
    size_t length;
} pqe_bytes;

#define PQE_OPTIONAL_TYPE(name, type)                                                              \
    typedef struct name {                                                                          \
        bool has_value;                                                                            \
        type value;                                                                                \
    } name
PQE_OPTIONAL_TYPE(pqe_opt_bool, bool);
PQE_OPTIONAL_TYPE(pqe_opt_int16, int16_t);
PQE_OPTIONAL_TYPE(pqe_opt_int32, int32_t);
PQE_OPTIONAL_TYPE(pqe_opt_int64, int64_t);
PQE_OPTIONAL_TYPE(pqe_opt_float, float);
PQE_OPTIONAL_TYPE(pqe_opt_double, double);
PQE_OPTIONAL_TYPE(pqe_opt_uuid, pqe_uuid);

/* What a struct member holds. */
typedef enum pqe_field_kind {
    PQE_FIELD_BOOL,
    PQE_FIELD_INT16,
    PQE_FIELD_INT32,
    PQE_FIELD_INT64,
    PQE_FIELD_FLOAT,
    PQE_FIELD_DOUBLE,
    PQE_FIELD_TEXT,
    PQE_FIELD_BYTES,
    PQE_FIELD_UUID,
    PQE_FIELD_DATE,
    PQE_FIELD_TIMESTAMP,
    PQE_FIELD_TIME
} pqe_field_kind;

typedef struct pqe_field {
    const char *name; /* member and column */
    pqe_field_kind kind;
    bool optional; /* may be NULL */
    const char *sql_type;
    const char *constraints; /* SQL after the type; may be "" */
    size_t offset;           /* of the member in the struct */
} pqe_field;

#define PQE_MODEL_VERSION 1

struct pqe_model {
    int version;                      /* PQE_MODEL_VERSION */
    const char *name;                 /* of the struct */
    const char *table;                /* as in SQL, schema-qualified or not */
    const pqe_field *(*fields)(void); /* field_count of them */
    size_t field_count;
    size_t struct_size;
    const char *constraints; /* of the table, comma-separated; "" for none */
    const char *statements;  /* further SQL statements; "" for none */
};

/*
 * Copies a row into a struct.  Columns are found by name; a column the model does not know is
 * passed over, a member for which the result has no column is PQE_ERR_COLUMN.  Text and bytes point
 * into the result.  Errors otherwise as for the getters; the struct's content is then undefined.
 */
PQE_API pqe_status pqe_fetch_struct(const pqe_result *result, size_t row, const pqe_model *model,
                                    void *structure, pqe_error *error);

/*
 * Copies all rows into an array of structs, in one block of memory that also holds their text and
 * bytes: it does not need the result any more, and is freed by one call of pqe_free.  *array is an
 * array of *count structs; with no rows it is not NULL and must be freed all the same.
 */
PQE_API pqe_status pqe_fetch_all(const pqe_result *result, const pqe_model *model, void **array,
                                 size_t *count, pqe_error *error);

/* The DDL of a model: CREATE TABLE and its further statements.  Free *sql with pqe_free. */
PQE_API pqe_status pqe_model_sql(const pqe_model *model, char **sql, pqe_error *error);

/* Frees memory that the library has given out.  NULL is ignored. */
PQE_API void pqe_free(void *memory);

#define PQE_MODEL(name_, table_, FIELDS) PQE_MODEL_WITH(name_, table_, FIELDS, "", "")

#define PQE_MODEL_WITH(name_, table_, FIELDS, constraints_, statements_)                           \
    struct name_ {                                                                                 \
        FIELDS(PQE_MODEL_MEMBER)                                                                   \
    };                                                                                             \
    PQE_UNUSED static const pqe_field *name_##_model_fields(void)                                  \
    {                                                                                              \
        typedef struct name_ pqe_self;                                                             \
        static const pqe_field fields[] = {FIELDS(PQE_MODEL_FIELD)};                               \
        return fields;                                                                             \
    }                                                                                              \
    PQE_UNUSED static const pqe_model name_##_model = {PQE_MODEL_VERSION,                          \
                                                       #name_,                                     \
                                                       table_,                                     \
                                                       name_##_model_fields,                       \
                                                       0 FIELDS(PQE_MODEL_COUNT),                  \
                                                       sizeof(struct name_),                       \
                                                       constraints_,                               \
                                                       statements_};                               \
    PQE_UNUSED static inline pqe_status name_##_fetch(const pqe_result *result, size_t row,        \
                                                      struct name_ *structure, pqe_error *error)   \
    {                                                                                              \
        return pqe_fetch_struct(result, row, &name_##_model, structure, error);                    \
    }                                                                                              \
    struct name_ /* so that PQE_MODEL(...) may be followed by a semicolon */

/* The rest of this section is the machinery of PQE_MODEL: a row for each type, and what picks from
 * it. */
#define PQE_MODEL_T_bool bool, PQE_FIELD_BOOL, false, "boolean"
#define PQE_MODEL_T__Bool PQE_MODEL_T_bool
#define PQE_MODEL_T_int16 int16_t, PQE_FIELD_INT16, false, "smallint"
#define PQE_MODEL_T_int32 int32_t, PQE_FIELD_INT32, false, "integer"
#define PQE_MODEL_T_int64 int64_t, PQE_FIELD_INT64, false, "bigint"
#define PQE_MODEL_T_float32 float, PQE_FIELD_FLOAT, false, "real"
#define PQE_MODEL_T_float64 double, PQE_FIELD_DOUBLE, false, "double precision"
#define PQE_MODEL_T_text const char *, PQE_FIELD_TEXT, false, "text"
#define PQE_MODEL_T_numeric const char *, PQE_FIELD_TEXT, false, "numeric"
#define PQE_MODEL_T_json const char *, PQE_FIELD_TEXT, false, "json"
#define PQE_MODEL_T_jsonb const char *, PQE_FIELD_TEXT, false, "jsonb"
#define PQE_MODEL_T_bytes pqe_bytes, PQE_FIELD_BYTES, false, "bytea"
#define PQE_MODEL_T_uuid pqe_uuid, PQE_FIELD_UUID, false, "uuid"
#define PQE_MODEL_T_date int32_t, PQE_FIELD_DATE, false, "date"
#define PQE_MODEL_T_timestamp int64_t, PQE_FIELD_TIMESTAMP, false, "timestamp"
#define PQE_MODEL_T_timestamptz int64_t, PQE_FIELD_TIMESTAMP, false, "timestamptz"
#define PQE_MODEL_T_time int64_t, PQE_FIELD_TIME, false, "time"
#define PQE_MODEL_T_opt_bool pqe_opt_bool, PQE_FIELD_BOOL, true, "boolean"
#define PQE_MODEL_T_opt_int16 pqe_opt_int16, PQE_FIELD_INT16, true, "smallint"
#define PQE_MODEL_T_opt_int32 pqe_opt_int32, PQE_FIELD_INT32, true, "integer"
#define PQE_MODEL_T_opt_int64 pqe_opt_int64, PQE_FIELD_INT64, true, "bigint"
#define PQE_MODEL_T_opt_float32 pqe_opt_float, PQE_FIELD_FLOAT, true, "real"
#define PQE_MODEL_T_opt_float64 pqe_opt_double, PQE_FIELD_DOUBLE, true, "double precision"
#define PQE_MODEL_T_opt_text const char *, PQE_FIELD_TEXT, true, "text"
#define PQE_MODEL_T_opt_numeric const char *, PQE_FIELD_TEXT, true, "numeric"
#define PQE_MODEL_T_opt_json const char *, PQE_FIELD_TEXT, true, "json"
#define PQE_MODEL_T_opt_jsonb const char *, PQE_FIELD_TEXT, true, "jsonb"
#define PQE_MODEL_T_opt_bytes pqe_bytes, PQE_FIELD_BYTES, true, "bytea"
#define PQE_MODEL_T_opt_uuid pqe_opt_uuid, PQE_FIELD_UUID, true, "uuid"
#define PQE_MODEL_T_opt_date pqe_opt_int32, PQE_FIELD_DATE, true, "date"
#define PQE_MODEL_T_opt_timestamp pqe_opt_int64, PQE_FIELD_TIMESTAMP, true, "timestamp"
#define PQE_MODEL_T_opt_timestamptz pqe_opt_int64, PQE_FIELD_TIMESTAMP, true, "timestamptz"
#define PQE_MODEL_T_opt_time pqe_opt_int64, PQE_FIELD_TIME, true, "time"
#define PQE_MODEL_T_as(type, sql) PQE_MODEL_AS(PQE_MODEL_T_##type, sql)

#define PQE_MODEL_AS(...) PQE_MODEL_AS_ROW(__VA_ARGS__)
#define PQE_MODEL_AS_ROW(c_type, kind, optional, own_sql, sql) c_type, kind, optional, sql
#define PQE_MODEL_C_TYPE(...) PQE_MODEL_C_TYPE_OF_ROW(__VA_ARGS__)
#define PQE_MODEL_C_TYPE_OF_ROW(c_type, kind, optional, sql) c_type
#define PQE_MODEL_SQL_SIDE(...) PQE_MODEL_SQL_SIDE_OF_ROW(__VA_ARGS__)
#define PQE_MODEL_SQL_SIDE_OF_ROW(c_type, kind, optional, sql) kind, optional, sql

#define PQE_MODEL_MEMBER(type, name, constraints) PQE_MODEL_C_TYPE(PQE_MODEL_T_##type) name;
#define PQE_MODEL_FIELD(type, name, constraints)                                                   \
    {#name, PQE_MODEL_SQL_SIDE(PQE_MODEL_T_##type), constraints, offsetof(pqe_self, name)},
#define PQE_MODEL_COUNT(type, name, constraints) +1

/* ============================================================================================== */
/* Query builder                                                                                  */
/* ============================================================================================== */

/*
 * A query is put together piece by piece, for statements whose shape is known only when the program
 * runs: a search form, a list that may be sorted by any column, a row of which some fields changed.
 *
 *     pqe_query *query = pqe_select("users u");
 *
 *     pqe_query_columns(query, PQE_NAMES("u.id", "u.email"));
 *     pqe_query_where(query, pqe_eq("u.active", PQE_BOOL(true)));
 *     if (name != NULL) {
 *         pqe_query_where(query, PQE_OR(pqe_ilike("u.name", name), pqe_ilike("u.email", name)));
 *     }
 *     pqe_query_order_by(query, "u.id", PQE_DESC);
 *     pqe_query_limit(query, 20);
 *     status = pqe_execute_query(engine, query, &result, &error);
 *     pqe_query_free(query);
 *
 *   Values     are parameters, always: no value ever becomes part of the SQL text.
 *   Names      are quoted, always, by the rule of pqe_sql_identifier.  A table's name may be followed
 *              by an alias: "app.users u" or "app.users AS u".
 *   Mistakes   A NULL, a name that is none, a clause that the statement does not have: the first
 *              mistake is kept, and told when the query is executed, as PQE_ERR_INVALID_ARGUMENT with
 *              the function and what was wrong.  So nothing has to be checked on the way.  The same
 *              goes for memory that ran out, PQE_ERR_NO_MEMORY: no function here returns NULL.
 *   Ownership  Strings and values are copied.  A query owns the expressions and the other queries
 *              that were given to it, and pqe_query_free frees them all.  Each can be given away
 *              once; a second time is a mistake that is told.
 *   Use        A query can be executed any number of times, by several threads at once where none of
 *              them changes it.
 */
typedef struct pqe_query pqe_query;
typedef struct pqe_expr pqe_expr;

/* The two arguments "names, count" from a list of names. */
#ifdef __cplusplus
#define PQE_NAMES(...)                                                                             \
    std::initializer_list<const char *>{__VA_ARGS__}.begin(),                                      \
        std::tuple_size<decltype(std::make_tuple(__VA_ARGS__))>::value
#else
#define PQE_NAMES(...)                                                                             \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#endif
/* The same for no names. */
#define PQE_NO_NAMES NULL, 0

/* ------------------------------------ Beginning and ending ------------------------------------ */

/*
 * Begin a query on a table.  pqe_select takes NULL, too, for a query without a table.
 *
 * A SELECT to which no column is added has all of them (*).  UPDATE and DELETE need a condition, or
 * pqe_query_all_rows: without either they are a mistake that is told.
 */
PQE_API pqe_query *pqe_select(const char *table);
PQE_API pqe_query *pqe_insert(const char *table);
PQE_API pqe_query *pqe_update(const char *table);
PQE_API pqe_query *pqe_delete(const char *table);

/*
 * The same on the table of a model, whose name is taken as it is written there.  The columns of
 * pqe_select_model are the model's, so that pqe_fetch_all fits; alias may be NULL.
 */
PQE_API pqe_query *pqe_select_model(const pqe_model *model, const char *alias);
PQE_API pqe_query *pqe_insert_model(const pqe_model *model);
PQE_API pqe_query *pqe_update_model(const pqe_model *model);
PQE_API pqe_query *pqe_delete_model(const pqe_model *model);

/* Frees a query, unless it was given to another one, and all that was given to it.  NULL is
   ignored. */
PQE_API void pqe_query_free(pqe_query *query);

/* ----------------------------------------- Expressions ---------------------------------------- */

/*
 * Conditions and values.  The first argument of the short forms is a column's name.  A value that is
 * NULL is a mistake in a comparison, which would never be true: use pqe_null.
 *
 *   pqe_eq pqe_ne pqe_lt pqe_le pqe_gt pqe_ge   column = value, <>, <, <=, >, >=
 *   pqe_like pqe_ilike   column LIKE pattern: % and _ are wildcards, backslash takes their meaning
 *   pqe_between          low <= column <= high
 *   pqe_null pqe_not_null   column IS NULL, IS NOT NULL
 *   pqe_in pqe_not_in    column = ANY (array), column <> ALL (array), for any number of elements, none
 *                        included.  The array is a parameter: PQE_INT64_ARRAY, PQE_TEXT_ARRAY, ...;
 *                        the elements of a text array take the column's type
 *   pqe_in_query         column IN (query); pqe_exists: EXISTS (query)
 *   pqe_same             column = other column, for joins
 *   pqe_and pqe_or       all of them, any of them; none: true, false.  See PQE_AND and PQE_OR
 *   pqe_not              NOT
 */
PQE_API pqe_expr *pqe_eq(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_ne(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_lt(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_le(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_gt(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_ge(const char *column, pqe_param value);
PQE_API pqe_expr *pqe_like(const char *column, const char *pattern);
PQE_API pqe_expr *pqe_ilike(const char *column, const char *pattern);
PQE_API pqe_expr *pqe_between(const char *column, pqe_param low, pqe_param high);
PQE_API pqe_expr *pqe_null(const char *column);
PQE_API pqe_expr *pqe_not_null(const char *column);
PQE_API pqe_expr *pqe_in(const char *column, pqe_param array);
PQE_API pqe_expr *pqe_not_in(const char *column, pqe_param array);
PQE_API pqe_expr *pqe_in_query(const char *column, pqe_query *query);
PQE_API pqe_expr *pqe_exists(pqe_query *query);
PQE_API pqe_expr *pqe_same(const char *column, const char *other);
PQE_API pqe_expr *pqe_and(pqe_expr *const *parts, size_t count);
PQE_API pqe_expr *pqe_or(pqe_expr *const *parts, size_t count);
PQE_API pqe_expr *pqe_not(pqe_expr *part);

#ifdef __cplusplus
#define PQE_EXPRS(...)                                                                             \
    std::initializer_list<pqe_expr *>{__VA_ARGS__}.begin(),                                        \
        std::tuple_size<decltype(std::make_tuple(__VA_ARGS__))>::value
#else
#define PQE_EXPRS(...)                                                                             \
    (pqe_expr *const[]){__VA_ARGS__}, sizeof((pqe_expr *const[]){__VA_ARGS__}) / sizeof(pqe_expr *)
#endif
#define PQE_AND(...) pqe_and(PQE_EXPRS(__VA_ARGS__))
#define PQE_OR(...) pqe_or(PQE_EXPRS(__VA_ARGS__))

/*
 * The parts that all others are made of.
 *
 *   pqe_column     a column
 *   pqe_value      a parameter
 *   pqe_subquery   (query), as a value
 *   pqe_compare    left operator right, for any operator of PostgreSQL, written with its own
 *                  characters ("@>", "->>") or as one of LIKE, ILIKE, SIMILAR TO, IS DISTINCT FROM, each
 *                  with or without NOT, and OVERLAPS
 *   pqe_raw        SQL as it stands, for all else: pqe_raw("count(*) FILTER (WHERE n > %s)",
 *                  PQE_PARAMS(PQE_INT32(3))).  Parameters are written as for pqe_execute.  It must be
 *                  whole: parentheses and quotes closed, no semicolon.  It is the one door
 *                  by which text becomes SQL: never put together from what users typed
 */
PQE_API pqe_expr *pqe_column(const char *name);
PQE_API pqe_expr *pqe_value(pqe_param value);
PQE_API pqe_expr *pqe_subquery(pqe_query *query);
PQE_API pqe_expr *pqe_compare(pqe_expr *left, const char *op, pqe_expr *right);
PQE_API pqe_expr *pqe_raw(const char *sql, const pqe_param *params, size_t param_count);

/* Frees an expression that was not given to anything.  NULL is ignored. */
PQE_API void pqe_expr_free(pqe_expr *expr);

/* ------------------------------------------ Clauses ------------------------------------------- */

/* What a SELECT returns: more columns, each "name", "table.name", "*" or "table.*"; or an expression
   under a name (alias may be NULL). */
PQE_API void pqe_query_columns(pqe_query *query, const char *const *names, size_t count);
PQE_API void pqe_query_column(pqe_query *query, pqe_expr *expr, const char *alias);

/* DISTINCT, or with names DISTINCT ON those columns. */
PQE_API void pqe_query_distinct(pqe_query *query, const char *const *names, size_t count);

/* A further table, or a query under an alias, behind a comma: FROM of a SELECT or UPDATE, USING of a
   DELETE. */
PQE_API void pqe_query_from(pqe_query *query, const char *table);
PQE_API void pqe_query_from_query(pqe_query *query, pqe_query *source, const char *alias);

typedef enum pqe_join {
    PQE_JOIN_INNER = 0,
    PQE_JOIN_LEFT,
    PQE_JOIN_RIGHT,
    PQE_JOIN_FULL,
    PQE_JOIN_CROSS
} pqe_join;

/*
 * Joins a table, or a query under an alias, to what stands before it; in UPDATE and DELETE to a
 * table that pqe_query_from has named.  on is NULL for a cross join only.  A joined query may refer to
 * the tables before it (LATERAL).  pqe_query_join_using joins on columns of the same name.
 */
PQE_API void pqe_query_join(pqe_query *query, pqe_join join, const char *table, pqe_expr *on);
PQE_API void pqe_query_join_query(pqe_query *query, pqe_join join, pqe_query *source,
                                  const char *alias, pqe_expr *on);
PQE_API void pqe_query_join_using(pqe_query *query, pqe_join join, const char *table,
                                  const char *const *names, size_t count);

/* WITH name AS (source); recursive: one of them may refer to itself. */
PQE_API void pqe_query_with(pqe_query *query, const char *name, pqe_query *source);
PQE_API void pqe_query_with_recursive(pqe_query *query, const char *name, pqe_query *source);

/* A condition.  Several are all required. */
PQE_API void pqe_query_where(pqe_query *query, pqe_expr *condition);

/* Says of an UPDATE or DELETE that it is meant for every row. */
PQE_API void pqe_query_all_rows(pqe_query *query);

/* GROUP BY columns or an expression; HAVING, where several conditions are all required. */
PQE_API void pqe_query_group_by(pqe_query *query, const char *const *names, size_t count);
PQE_API void pqe_query_group_by_expr(pqe_query *query, pqe_expr *expr);
PQE_API void pqe_query_having(pqe_query *query, pqe_expr *condition);

typedef enum pqe_order {
    PQE_ASC = 0, /* NULLs last, as everywhere in PostgreSQL */
    PQE_DESC,    /* NULLs first */
    PQE_ASC_NULLS_FIRST,
    PQE_DESC_NULLS_LAST
} pqe_order;

/* ORDER BY, one after the other. */
PQE_API void pqe_query_order_by(pqe_query *query, const char *column, pqe_order order);
PQE_API void pqe_query_order_by_expr(pqe_query *query, pqe_expr *expr, pqe_order order);

/* LIMIT and OFFSET; a negative number is a mistake that is told.  The last one given counts. */
PQE_API void pqe_query_limit(pqe_query *query, int64_t rows);
PQE_API void pqe_query_offset(pqe_query *query, int64_t rows);

typedef enum pqe_lock {
    PQE_LOCK_UPDATE = 0,
    PQE_LOCK_NO_KEY_UPDATE,
    PQE_LOCK_SHARE,
    PQE_LOCK_KEY_SHARE
} pqe_lock;

typedef enum pqe_lock_wait {
    PQE_LOCK_WAIT = 0,
    PQE_LOCK_NOWAIT,     /* fail where another transaction has the row (SQLSTATE 55P03) */
    PQE_LOCK_SKIP_LOCKED /* pass over such rows */
} pqe_lock_wait;

/* FOR UPDATE and its kin. */
PQE_API void pqe_query_lock(pqe_query *query, pqe_lock lock, pqe_lock_wait wait);

typedef enum pqe_combine { PQE_UNION = 0, PQE_UNION_ALL, PQE_INTERSECT, PQE_EXCEPT } pqe_combine;

/* query UNION (other), and so on; order and limit of the query are then those of the whole. */
PQE_API void pqe_query_combine(pqe_query *query, pqe_combine combine, pqe_query *other);

/* --------------------------------------- Rows to write ---------------------------------------- */

/*
 * Sets a column, in INSERT (of the row that was begun last) or UPDATE, to a value or an expression.
 * pqe_query_set_struct sets columns from a struct of a model: those named, or all where count is 0.
 */
PQE_API void pqe_query_set(pqe_query *query, const char *column, pqe_param value);
PQE_API void pqe_query_set_expr(pqe_query *query, const char *column, pqe_expr *expr);
PQE_API void pqe_query_set_struct(pqe_query *query, const pqe_model *model, const void *structure,
                                  const char *const *names, size_t count);

/*
 * Begins one more row of an INSERT.  The columns may be set in any order; a column that one row has
 * and another has not gets its default there.  An INSERT in which nothing was set inserts one row
 * of defaults.
 */
PQE_API void pqe_query_row(pqe_query *query);

/* INSERT INTO table (names) SELECT ...: the rows of another query, in place of rows set one by one. */
PQE_API void pqe_query_insert_from(pqe_query *query, const char *const *names, size_t count,
                                   pqe_query *source);

/*
 * What an INSERT does where a row is there already.  pqe_query_on_conflict names the columns of the
 * unique key (none: any key), pqe_query_on_conflict_constraint the constraint.  With nothing more the
 * row is passed over (DO NOTHING); the others make it an update:
 *
 *   pqe_query_conflict_update   sets columns to the values that were to be inserted
 *   pqe_query_conflict_set      sets a column to an expression: pqe_raw("excluded.n + t.n", ...)
 *   pqe_query_conflict_where    updates only where this is true
 *
 * pqe_query_upsert is the common case: on conflict over these columns update all others that are set.
 */
PQE_API void pqe_query_on_conflict(pqe_query *query, const char *const *names, size_t count);
PQE_API void pqe_query_on_conflict_constraint(pqe_query *query, const char *constraint);
PQE_API void pqe_query_conflict_update(pqe_query *query, const char *const *names, size_t count);
PQE_API void pqe_query_conflict_set(pqe_query *query, const char *column, pqe_expr *expr);
PQE_API void pqe_query_conflict_where(pqe_query *query, pqe_expr *condition);
PQE_API void pqe_query_upsert(pqe_query *query, const char *const *names, size_t count);

/* RETURNING of INSERT, UPDATE and DELETE: columns, or an expression (alias may be NULL). */
PQE_API void pqe_query_returning(pqe_query *query, const char *const *names, size_t count);
PQE_API void pqe_query_returning_expr(pqe_query *query, pqe_expr *expr, const char *alias);

/* ----------------------------------------- Executing ------------------------------------------ */

/* pqe_execute and its kin with a query in place of the text and the parameters. */
PQE_API pqe_status pqe_execute_query(pqe_engine *engine, const pqe_query *query,
                                     pqe_result **result, pqe_error *error);
PQE_API pqe_status pqe_connection_execute_query(pqe_connection *connection, const pqe_query *query,
                                                pqe_result **result, pqe_error *error);
PQE_API pqe_status pqe_transaction_execute_query(pqe_transaction *transaction,
                                                 const pqe_query *query, pqe_result **result,
                                                 pqe_error *error);

/* The pqe_to_sql of a query, for pqe_call: call.to_sql = pqe_query_to_sql, call.object = query. */
PQE_API pqe_status pqe_query_to_sql(const void *query, pqe_sql *sql, pqe_error *error);

/* The text of a query as it would be executed, to look at; free *sql with pqe_free. */
PQE_API pqe_status pqe_query_text(const pqe_query *query, char **sql, pqe_error *error);

/* ============================================================================================== */
/* Middlewares and hooks                                                                          */
/* ============================================================================================== */

/* What kind of statement a call was, by its first word (after WITH: by the main statement's). */
typedef enum pqe_statement_kind {
    PQE_STATEMENT_SELECT = 0, /* SELECT, VALUES, TABLE */
    PQE_STATEMENT_INSERT,
    PQE_STATEMENT_UPDATE,
    PQE_STATEMENT_DELETE,
    PQE_STATEMENT_MERGE,
    PQE_STATEMENT_TRANSACTION, /* BEGIN, COMMIT, SAVEPOINT, ... */
    PQE_STATEMENT_OTHER,
    PQE_STATEMENT_KINDS /* how many there are */
} pqe_statement_kind;

/* "select", "insert", ...  Never NULL, never freed. */
PQE_API const char *pqe_statement_kind_name(pqe_statement_kind kind);

/*
 * A middleware stands around every call that executes a statement, on the pool, on a connection or
 * in a transaction, synchronous or not: its enter side runs before the statement, its leave side
 * after it.  Of several the one with the higher priority stands further out: it enters earlier and
 * leaves later.  Hooks stand further in than all middlewares, directly around the statement.
 *
 *     call -> enter (highest priority) -> ... -> before_execute -> server
 *          <- leave (highest priority) <- ... <- after_execute  <-
 *
 * Middlewares and hooks are called in the caller's thread (an asynchronous call's: in the thread of
 * its loop), several at once.  They must not use the engine they belong to, nor block for long in
 * an asynchronous program.  The statements of pqe_ensure_* and the engine's own do not pass them.
 */

/* A call on its way.  Valid during the callback only, and only in its thread. */
typedef struct pqe_context pqe_context;

/* What one side of a middleware wants. */
typedef enum pqe_verdict {
    PQE_PASS = 0, /* on with it */
    PQE_ANSWER,   /* enter: the call is answered (pqe_context_answer) and goes no further in */
    PQE_REFUSE,   /* enter: the call ends with the error that was filled in */
    PQE_RETRY,    /* leave: once more from here inwards, as far as that is safe */
    PQE_FAIL      /* the middleware itself failed; see below */
} pqe_verdict;

#define PQE_MIDDLEWARE_VERSION 1

/*
 * One middleware; start from PQE_MIDDLEWARE_INIT.  The struct and its name are copied.
 *
 * enter and leave may be NULL.  leave is called for each middleware whose enter has passed, also
 * where one further in has answered or refused the call, or a retry of one further out brings it
 * there again.  Both get a cleared error to fill.
 *
 * A side that returns PQE_FAIL, or a verdict it may not give, is reported to the logger and counted
 * (pqe_health_metrics), whatever it had changed about the call is undone, and the call goes on as
 * if the middleware were not there.  With required set an enter that fails refuses the call
 * instead.
 */
typedef struct pqe_middleware {
    int version;      /* PQE_MIDDLEWARE_VERSION */
    const char *name; /* 1 to 63 bytes; one name, one middleware */
    int priority;     /* [0] higher is further out; of equals the one added first */
    pqe_verdict (*enter)(void *data, pqe_context *context, pqe_error *error);
    pqe_verdict (*leave)(void *data, pqe_context *context, pqe_error *error);
    int64_t timeout_ms; /* [0: none] for all that lies further in, its own enter and the wait for a
                           connection included; after that the call is PQE_ERR_TIMEOUT */
    bool required;      /* [false] an enter that fails refuses the call */
    void *data;         /* [NULL] handed to enter and leave */
    void (*release)(void *data); /* [NULL] called once, when the middleware was removed and no call
                                    uses it any more, at the latest by pqe_free_engine */
} pqe_middleware;

/* clang-format off */
#define PQE_MIDDLEWARE_INIT {PQE_MIDDLEWARE_VERSION, NULL, 0, NULL, NULL, 0, false, NULL, NULL}
/* clang-format on */

/*
 * Adds a middleware, removes the one of that name, or removes all; those shipped with the library
 * are added by functions of their own below.  Any thread may do so at any time: calls that are
 * under way go on with the middlewares they began with.  Where adding fails, release is not called.
 *
 * Errors: PQE_ERR_INVALID_ARGUMENT, also for a name that is there already, or is not there.
 */
PQE_API pqe_status pqe_add_middleware(pqe_engine *engine, const pqe_middleware *middleware,
                                      pqe_error *error);
PQE_API pqe_status pqe_remove_middleware(pqe_engine *engine, const char *name, pqe_error *error);
PQE_API pqe_status pqe_clear_middlewares(pqe_engine *engine, pqe_error *error);

/* The statement as it will be sent, its parameters written $n. */
PQE_API const char *pqe_context_sql(const pqe_context *context);
/* Its parameters; *count of them. */
PQE_API const pqe_param *pqe_context_params(const pqe_context *context, size_t *count);
PQE_API pqe_statement_kind pqe_context_kind(const pqe_context *context);
/*
 * The table with that number, from 0, that the statement names, as it writes it ("app.users",
 * "Odd Name"), or NULL where there are no more.  The one that is written to comes first.
 */
PQE_API const char *pqe_context_table(const pqe_context *context, size_t number);
/* How often the statement has been tried, this time included: 1, 2, ... */
PQE_API int pqe_context_attempt(const pqe_context *context);
/* Whether the call is part of a transaction block, where nothing is retried. */
PQE_API bool pqe_context_in_transaction(const pqe_context *context);
/*
 * Whether the statement itself writes to a table: INSERT, UPDATE, DELETE, MERGE, also within WITH,
 * and SELECT INTO.  What functions do is not seen.
 */
PQE_API bool pqe_context_writes(const pqe_context *context);
/* Whether UPDATE or DELETE, or one of several within WITH, has no WHERE of its own. */
PQE_API bool pqe_context_lacks_where(const pqe_context *context);

/* In leave and in an after_execute hook: what came of it.  The error is NULL where all is well. */
PQE_API pqe_status pqe_context_status(const pqe_context *context);
PQE_API const pqe_error *pqe_context_error(const pqe_context *context);
/* The result, the call's own: not to be freed here.  NULL where there is none. */
PQE_API const pqe_result *pqe_context_result(const pqe_context *context);
PQE_API uint64_t pqe_context_rows(const pqe_context *context);
/* Microseconds since the call began, all attempts and the wait for a connection included. */
PQE_API int64_t pqe_context_elapsed_us(const pqe_context *context);
/*
 * Whether a retry would be granted: the call failed with a serialization failure, a deadlock, or a
 * lost connection before the statement was sent (for an idempotent call also after), it is no part of
 * a transaction block, and the program has not given it up.
 */
PQE_API bool pqe_context_may_retry(const pqe_context *context);

/* Memory that lives as long as the call; NULL where there is none left.  Never freed by hand. */
PQE_API void *pqe_context_alloc(pqe_context *context, size_t size);

/*
 * In enter: another statement in place of this one, with $n or %s.  The text is copied; what the
 * parameters point to must live as long as the call (pqe_context_alloc).  Errors as of pqe_execute.
 */
PQE_API pqe_status pqe_context_rewrite(pqe_context *context, const char *sql,
                                       const pqe_param *params, size_t param_count,
                                       pqe_error *error);

/*
 * In enter, with the verdict PQE_ANSWER: the result that the caller gets, who then owns it.  NULL
 * is a result without rows and columns.  See pqe_result_copy.
 */
PQE_API void pqe_context_answer(pqe_context *context, pqe_result *result);

/* In leave, with the verdict PQE_RETRY: how long to wait before.  Without it: not at all. */
PQE_API void pqe_context_retry_after(pqe_context *context, int64_t delay_ms);

/* A copy of a result, independent of the first. */
PQE_API pqe_status pqe_result_copy(const pqe_result *result, pqe_result **copy, pqe_error *error);

/* -- Hooks -- */

typedef enum pqe_hook_point {
    PQE_HOOK_BEFORE_EXECUTE = 0, /* each time before the statement is sent */
    PQE_HOOK_AFTER_EXECUTE,      /* and each time after, well or not */
    PQE_HOOK_POINTS              /* how many there are */
} pqe_hook_point;

/*
 * Looks at a call.  What it returns other than PQE_OK is reported to the logger with the error it
 * filled in, counted, and of no consequence for the call.
 */
typedef pqe_status (*pqe_hook)(void *data, const pqe_context *context, pqe_error *error);

/*
 * Adds a hook; those of one point are called in the order they were added.  *id is for
 * pqe_remove_hook and may be NULL.  Any thread may do so at any time.  pqe_remove_hook returns when
 * no call uses the hook any more; a hook must therefore not remove itself.
 */
PQE_API pqe_status pqe_add_hook(pqe_engine *engine, pqe_hook_point point, pqe_hook hook, void *data,
                                uint64_t *id, pqe_error *error);
PQE_API pqe_status pqe_remove_hook(pqe_engine *engine, uint64_t id, pqe_error *error);

/* -- Middlewares that come with the library, each under a name of its own -- */

/*
 * "logging", priority 100: one line to the engine's logger for each call: kind, tables, rows,
 * duration and error, never a parameter.  Failed calls are logged as warnings, others at level
 * where they took slower_than_ms at least.
 */
PQE_API pqe_status pqe_add_logging(pqe_engine *engine, pqe_log_level level, int64_t slower_than_ms,
                                   pqe_error *error);

/* One finished call, for the program's own metrics or audit. Pointers are valid in the callback. */
typedef struct pqe_observation {
    const char *sql;
    const char *table; /* the first one named, the one written to; "" where there is none */
    pqe_statement_kind kind;
    pqe_status status;
    const pqe_error *error; /* NULL where all is well */
    uint64_t rows;
    int64_t started_at_us; /* microseconds since 1970-01-01 00:00 UTC */
    int64_t duration_us;   /* with all attempts and the wait for a connection */
    int attempts;
} pqe_observation;

typedef void (*pqe_observer)(void *data, const pqe_observation *observation);

/* "metrics", priority 90: hands each finished call to the program's own metrics. */
PQE_API pqe_status pqe_add_observer(pqe_engine *engine, pqe_observer observer, void *data,
                                    pqe_error *error);

/*
 * "audit", priority 80: hands each finished call that is no SELECT and no transaction control to
 * the program's record of who did what.
 */
PQE_API pqe_status pqe_add_audit(pqe_engine *engine, pqe_observer observer, void *data,
                                 pqe_error *error);

/*
 * "timeout", priority 70: the time a whole call may take, the wait for a connection and retries
 * included, where query_timeout_ms is for each attempt.
 */
PQE_API pqe_status pqe_add_timeout(pqe_engine *engine, int64_t timeout_ms, pqe_error *error);

/*
 * "retry", priority 60: tries again what pqe_context_may_retry allows, after delay_ms, which
 * doubles each time and is shortened at random by up to half.
 */
PQE_API pqe_status pqe_add_retry(pqe_engine *engine, int max_retries, int64_t delay_ms,
                                 pqe_error *error);

#define PQE_VALIDATION_VERSION 1

/* What "validation" refuses, with PQE_ERR_INVALID_ARGUMENT; start from PQE_VALIDATION_INIT. */
typedef struct pqe_validation {
    int version;        /* PQE_VALIDATION_VERSION */
    bool require_where; /* [true] UPDATE and DELETE without WHERE */
    bool read_only;     /* [false] everything but SELECT and transaction control */
    bool data_only;     /* [false] everything that is no SELECT, INSERT, UPDATE, DELETE, MERGE or
                              transaction control: DDL, SET, COPY, ... */
    size_t longest_sql; /* [0: any] statements of more bytes */
    size_t most_params; /* [0: any] statements with more parameters */
} pqe_validation;

/* clang-format off */
#define PQE_VALIDATION_INIT {PQE_VALIDATION_VERSION, true, false, false, 0, 0}
/* clang-format on */

/* "validation", priority 50. */
PQE_API pqe_status pqe_add_validation(pqe_engine *engine, const pqe_validation *validation,
                                      pqe_error *error);

/* ============================================================================================== */
/* Metrics and trace                                                                              */
/* ============================================================================================== */

/* Upper bounds of the latency histogram's buckets: 2^i * 64 microseconds; the last one is open. */
#define PQE_LATENCY_BUCKETS 20

typedef struct pqe_statement_metrics {
    uint64_t count;    /* calls, failed ones included */
    uint64_t errors;   /* of them failed */
    uint64_t rows;     /* rows returned or affected */
    uint64_t total_us; /* time in the call without the wait for a connection, microseconds */
    uint64_t max_us;
    uint64_t latency[PQE_LATENCY_BUCKETS]; /* calls by duration; not cumulative */
} pqe_statement_metrics;

typedef struct pqe_pool_metrics {
    /* how it is now */
    int size;     /* connections open or being opened */
    int active;   /* of them given out */
    int idle;     /* of them free */
    int opening;  /* of them being opened */
    int waiting;  /* callers that wait for one */
    int max_size; /* the most there may be */
    /* since the engine was made, or pqe_metrics_reset */
    uint64_t acquired;         /* times a connection was given out */
    uint64_t opened;           /* connections opened */
    uint64_t closed;           /* and closed, for whatever reason */
    uint64_t broken;           /* of them found broken */
    uint64_t connect_failures; /* attempts to open one that failed */
    uint64_t timeouts;         /* callers that waited in vain */
    uint64_t wait_us;          /* time all callers waited together, microseconds */
} pqe_pool_metrics;

/* What the health monitor and the engine itself found, since the engine was made or reset. */
typedef struct pqe_health_metrics {
    uint64_t rounds;  /* of the monitor */
    uint64_t checked; /* idle connections it asked for a sign of life */
    uint64_t broken;  /* of them gave none */
    uint64_t demoted; /* connections retired since their server has not, or no longer, the role that
                         target_session_attrs asks for */
    uint64_t expired; /* closed for their age */
    uint64_t surplus; /* closed because they were not needed */
    uint64_t opened;  /* opened by the monitor to keep pool_size */
    uint64_t leaks;   /* connections held for longer than leak_warning_ms */
    uint64_t middleware_failures;
    uint64_t hook_failures;
    int64_t last_round_at_us; /* microseconds since 1970-01-01 00:00 UTC; 0: there was none */
} pqe_health_metrics;

#define PQE_METRICS_VERSION 1

/* A snapshot of the counters. */
typedef struct pqe_metrics_data {
    int version; /* in: PQE_METRICS_VERSION */
    pqe_pool_metrics pool;
    pqe_statement_metrics statements[PQE_STATEMENT_KINDS];
    pqe_health_metrics health;
} pqe_metrics_data;

/* clang-format off */
#ifdef __cplusplus
#define PQE_METRICS_INIT {PQE_METRICS_VERSION, {}, {}, {}}
#else
#define PQE_METRICS_INIT {PQE_METRICS_VERSION, {0}, {{0}}, {0}}
#endif
/* clang-format on */

/*
 * Reads the counters.  Those of statements stay 0 where enable_metrics is off.  Counters are read
 * one by one while calls go on, so two of them may differ by a call that ended in between.
 */
PQE_API pqe_status pqe_metrics(pqe_engine *engine, pqe_metrics_data *metrics, pqe_error *error);

/* Sets the counters to 0; what is a present state (size, active, ...) stays. */
PQE_API pqe_status pqe_metrics_reset(pqe_engine *engine, pqe_error *error);

/* The calls that name one table. */
typedef struct pqe_table_metrics {
    const char *table; /* as statements write it, unquoted names in lower case */
    pqe_statement_kind kind;
    pqe_statement_metrics metrics;
} pqe_table_metrics;

/*
 * The calls by table and kind of statement, sorted by table, in one block to be freed with
 * pqe_free.  A call counts for each table it names (names of CTEs and functions are none), once.
 * At most 1000 pairs of table and kind are told apart; what comes later counts for the table
 * "(others)".  None where enable_metrics is off.
 */
PQE_API pqe_status pqe_metrics_tables(pqe_engine *engine, pqe_table_metrics **tables, size_t *count,
                                      pqe_error *error);

/*
 * All metrics in the text format that Prometheus reads (version 0.0.4); *text is to be freed with
 * pqe_free.  Names begin with pqengine_; every sample has the label engine where name is not NULL.
 */
PQE_API pqe_status pqe_metrics_prometheus(pqe_engine *engine, const char *name, char **text,
                                          pqe_error *error);

#define PQE_METRICS_SERVER_VERSION 1

/* Where pqe_metrics_serve listens; start from PQE_METRICS_SERVER_INIT. */
typedef struct pqe_metrics_server {
    int version;         /* PQE_METRICS_SERVER_VERSION */
    const char *address; /* [NULL: 127.0.0.1] an IPv4 or IPv6 address of this machine; 0.0.0.0 is
                            all it has, and whoever reaches one of them may read the metrics */
    int port;            /* [0: any that is free] */
    const char *name;    /* [NULL] the label engine, as for pqe_metrics_prometheus */
} pqe_metrics_server;

/* clang-format off */
#define PQE_METRICS_SERVER_INIT {PQE_METRICS_SERVER_VERSION, NULL, 0, NULL}
/* clang-format on */

/*
 * Serves over HTTP, at /metrics, what pqe_metrics_prometheus gives, by a thread of its own, until
 * pqe_metrics_serve_stop or pqe_dispose.  An engine has one such server.  It answers GET and HEAD
 * without asking who wants to know, and without TLS: for anything beyond the machine itself it
 * belongs behind a proxy or a firewall.
 *
 *   options   NULL: PQE_METRICS_SERVER_INIT
 *   port      set to the port it listens on; may be NULL
 *
 * Errors: PQE_ERR_UNSUPPORTED where the library was built without libmicrohttpd;
 * PQE_ERR_INVALID_ARGUMENT for what is no address or port; PQE_ERR_IO where it cannot listen there,
 * such as on a port that is in use; PQE_ERR_STATE where the metrics are served already, and of
 * pqe_metrics_serve_stop where they are not.
 */
PQE_API pqe_status pqe_metrics_serve(pqe_engine *engine, const pqe_metrics_server *options,
                                     int *port, pqe_error *error);
PQE_API pqe_status pqe_metrics_serve_stop(pqe_engine *engine, pqe_error *error);

/* One call as the tracer kept it. */
typedef struct pqe_trace_entry {
    uint64_t number;        /* of the call, from 1 */
    const char *sql;        /* as sent, the first 4095 bytes */
    const char *parameters; /* where trace_parameters is on: "$1 = ..., $2 = ..."; else "" */
    pqe_statement_kind kind;
    int64_t started_at_us; /* microseconds since 1970-01-01 00:00 UTC */
    int64_t duration_us;
    uint64_t rows; /* returned or affected */
    pqe_status status;
    char sqlstate[6];
    int backend_pid;  /* the server process, 0 where no connection was got */
    const char *plan; /* of a slow query where slow_query_plan is on; else "" */
} pqe_trace_entry;

/*
 * The last query_trace_size calls, the oldest first, in one block to be freed with pqe_free.
 * PQE_ERR_STATE where enable_query_tracer is off.
 */
PQE_API pqe_status pqe_query_trace(pqe_engine *engine, pqe_trace_entry **entries, size_t *count,
                                   pqe_error *error);

#ifdef __cplusplus
}
#endif

#endif /* PQENGINE_H */
