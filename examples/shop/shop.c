/*
 * shop.c - a small shop on libpqengine
 *
 *     shop MODELS MIGRATIONS
 *
 * Brings the database to what the models in the folder MODELS say, by migrations kept in the folder
 * MIGRATIONS, then lets a few customers order things at once and tells what came of it.  Where the
 * database is, libpq's environment says (PGHOST, PGDATABASE, ...); it is created where it is missing.
 */
#include <pqengine.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CUSTOMERS 4
#define ORDERS_EACH 5

/* The models in the folder are SQL.  This table is declared here, and so is its struct. */
#define RUN_FIELDS(FIELD)                                                                          \
    FIELD(int64, id, "GENERATED ALWAYS AS IDENTITY PRIMARY KEY")                                   \
    FIELD(timestamptz, started_at, "DEFAULT now()")                                                \
    FIELD(int32, orders, "CHECK (orders >= 0)")                                                    \
    FIELD(as(text, "numeric(12, 2)"), revenue, "DEFAULT 0")                                        \
    FIELD(opt_text, note, "")
PQE_MODEL_WITH(run, "desk.runs", RUN_FIELDS, "", "CREATE SCHEMA desk;");

/* A struct for rows that other models describe: this model is not registered. */
#define TOTAL_FIELDS(FIELD)                                                                        \
    FIELD(int64, order_id, "")                                                                     \
    FIELD(text, email, "")                                                                         \
    FIELD(text, status, "")                                                                        \
    FIELD(int64, items, "")                                                                        \
    FIELD(numeric, total, "")
PQE_MODEL(order_total, "order_totals", TOTAL_FIELDS);

/* Says what went wrong, and ends the program. */
static void check(pqe_status status, const pqe_error *error, const char *what)
{
    if (status == PQE_OK) {
        return;
    }
    fprintf(stderr, "shop: %s: %s\n", what, error->message);
    if (error->detail[0] != '\0') {
        fprintf(stderr, "  detail: %s\n", error->detail);
    }
    if (error->hint[0] != '\0') {
        fprintf(stderr, "  hint: %s\n", error->hint);
    }
    exit(1);
}

static void fill_shelves(pqe_engine *engine)
{
    static const char *const names[] = {"teapot", "cup", "saucer", "spoon"};
    static const double prices[] = {24.90, 6.50, 3.20, 1.75};
    pqe_error error;

    check(pqe_execute(engine,
                      "INSERT INTO products (name, price, stock)"
                      " SELECT n, p, 1000 FROM unnest(%s, %s) AS shelf (n, p)"
                      " ON CONFLICT (name) DO UPDATE SET stock = 1000",
                      PQE_PARAMS(PQE_TEXT_ARRAY(names, 4), PQE_DOUBLE_ARRAY(prices, 4)), NULL,
                      &error),
          &error, "filling the shelves");
    check(pqe_execute(engine,
                      "WITH tag AS (INSERT INTO tags (name) VALUES (%s)"
                      "             ON CONFLICT (name) DO UPDATE SET name = excluded.name"
                      "             RETURNING id)"
                      " INSERT INTO products_tags_junction (products_id, tags_id)"
                      " SELECT p.id, tag.id FROM products p, tag ON CONFLICT DO NOTHING",
                      PQE_PARAMS(PQE_TEXT("china")), NULL, &error),
          &error, "tagging products");
}

/* The customer of that e-mail address, made where there is none. */
static int64_t find_customer(pqe_engine *engine, const char *email, const char *name)
{
    pqe_result *result;
    pqe_error error;
    int64_t id = 0;

    check(pqe_execute(engine,
                      "INSERT INTO users (email, name) VALUES (%s, %s)"
                      " ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id",
                      PQE_PARAMS(PQE_TEXT(email), PQE_TEXT(name)), &result, &error),
          &error, "adding a customer");
    check(pqe_get_int64(result, 0, 0, &id, &error), &error, "reading the customer's id");
    pqe_result_free(result);
    return id;
}

/* One order, all of it or nothing: PQE_OK, or the status of the statement that failed. */
static pqe_status place_order(pqe_engine *engine, int64_t customer, int32_t quantity,
                              pqe_error *error)
{
    pqe_transaction *transaction;
    pqe_result *result = NULL;
    int64_t order = 0;
    pqe_status status = pqe_transaction_begin(engine, NULL, &transaction, error);

    if (status != PQE_OK) {
        return status;
    }
    status =
        pqe_transaction_execute(transaction,
                                "INSERT INTO orders (user_id, status) VALUES (%s, %s)"
                                " RETURNING id",
                                PQE_PARAMS(PQE_INT64(customer), PQE_TEXT("paid")), &result, error);
    if (status == PQE_OK) {
        status = pqe_get_int64_by_name(result, 0, "id", &order, error);
    }
    pqe_result_free(result);
    if (status == PQE_OK) {
        /* in the order of ids, so that customers who buy the same things never deadlock */
        status =
            pqe_transaction_execute(transaction,
                                    "INSERT INTO order_items (order_id, product_id, quantity,"
                                    " price)"
                                    " SELECT $1, id, $2, price FROM products ORDER BY id",
                                    PQE_PARAMS(PQE_INT64(order), PQE_INT32(quantity)), NULL, error);
    }
    if (status != PQE_OK) {
        (void)pqe_transaction_rollback(transaction, NULL);
        return status;
    }
    return pqe_transaction_commit(transaction, error);
}

typedef struct customer {
    pthread_t thread;
    pqe_engine *engine;
    int number;
    int orders;
} customer;

/* What one customer does, in a thread of his own. */
static void *shop_around(void *argument)
{
    customer *self = argument;
    char email[64];
    char name[64];
    int64_t id;
    pqe_error error;

    snprintf(email, sizeof(email), "customer%d@example.com", self->number);
    snprintf(name, sizeof(name), "Customer %d", self->number);
    id = find_customer(self->engine, email, name);
    for (int i = 0; i < ORDERS_EACH; i++) {
        check(place_order(self->engine, id, self->number + i, &error), &error, "placing an order");
        self->orders++;
    }
    return NULL;
}

static int open_doors(pqe_engine *engine)
{
    customer customers[CUSTOMERS];
    int orders = 0;

    for (int i = 0; i < CUSTOMERS; i++) {
        customers[i] = (customer){.engine = engine, .number = i + 1};
        if (pthread_create(&customers[i].thread, NULL, shop_around, &customers[i]) != 0) {
            fprintf(stderr, "shop: a customer cannot come in\n");
            exit(1);
        }
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i].thread, NULL);
        orders += customers[i].orders;
    }
    return orders;
}

/* More than there is: the check on products refuses it, and the order is gone with it. */
static void order_too_much(pqe_engine *engine)
{
    pqe_error error;

    if (place_order(engine, find_customer(engine, "customer1@example.com", "Customer 1"), 100000,
                    &error) == PQE_OK) {
        fprintf(stderr, "shop: sold more than there was\n");
        exit(1);
    }
    printf("refused, and rolled back: %s (SQLSTATE %s)\n", error.message, error.sqlstate);
}

/* Rows as structs, one at a time: their text lives as long as the result. */
static void show_orders(pqe_engine *engine)
{
    pqe_result *result;
    pqe_error error;

    check(pqe_execute(engine, "SELECT * FROM order_totals ORDER BY total DESC, order_id LIMIT 3",
                      PQE_NO_PARAMS, &result, &error),
          &error, "reading orders");
    for (size_t row = 0; row < pqe_result_rows(result); row++) {
        struct order_total order;

        check(order_total_fetch(result, row, &order, &error), &error, "reading an order");
        printf("order %" PRId64 " of %s: %" PRId64 " items, %s, %s\n", order.order_id, order.email,
               order.items, order.total, order.status);
    }
    pqe_result_free(result);
}

/* Rows as an array of structs, which needs no result and is freed at once. */
static void keep_books(pqe_engine *engine, int orders)
{
    struct run *runs;
    void *array;
    size_t count;
    pqe_result *result;
    pqe_error error;

    check(pqe_execute(engine,
                      "INSERT INTO desk.runs (orders, revenue, note)"
                      " SELECT %s, coalesce(sum(total), 0), %s FROM order_totals",
                      PQE_PARAMS(PQE_INT32(orders), PQE_NULL), NULL, &error),
          &error, "keeping the books");
    check(
        pqe_execute(engine, "SELECT * FROM desk.runs ORDER BY id", PQE_NO_PARAMS, &result, &error),
        &error, "reading the books");
    check(pqe_fetch_all(result, &run_model, &array, &count, &error), &error, "reading the books");
    pqe_result_free(result);
    runs = array;
    for (size_t i = 0; i < count; i++) {
        printf("day %" PRId64 ": %" PRId32 " orders, %s taken in so far%s\n", runs[i].id,
               runs[i].orders, runs[i].revenue, runs[i].note != NULL ? runs[i].note : "");
    }
    pqe_free(array);
}

static void show_metrics(pqe_engine *engine)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    check(pqe_metrics(engine, &metrics, &error), &error, "reading metrics");
    printf("%" PRIu64 " inserts, %" PRIu64 " of them failed; %d connections served %" PRIu64
           " callers\n",
           metrics.statements[PQE_STATEMENT_INSERT].count,
           metrics.statements[PQE_STATEMENT_INSERT].errors, metrics.pool.size,
           metrics.pool.acquired);
}

int main(int argc, char **argv)
{
    static const pqe_model *const models[] = {&run_model};
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_error error;
    int orders;

    if (argc != 3) {
        fprintf(stderr, "usage: shop MODELS MIGRATIONS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    config.models_path = argv[1];
    config.models = models;
    config.model_count = 1;
    config.migrations_path = argv[2];
    config.ensure_migrations = true;
    config.pool_size = 3; /* fewer than customers: some wait their turn */
    config.logger = pqe_log_stderr;
    check(pqe_create_engine(&config, &engine, &error), &error, "opening");

    fill_shelves(engine);
    orders = open_doors(engine);
    printf("%d customers placed %d orders at once\n", CUSTOMERS, orders);
    order_too_much(engine);
    show_orders(engine);
    keep_books(engine, orders);
    show_metrics(engine);
    pqe_free_engine(engine);
    return 0;
}
