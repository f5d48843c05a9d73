/*
 * raii.cc - pqengine from C++17
 */
#include "raii.h"

#include <cstdio>

static pqe_config configuration()
{
    pqe_config config = PQE_CONFIG_INIT;

    config.pool_size = 2;
    config.ensure_tables = false;
    config.check_schema_drift = false;
    return config;
}

static void work()
{
    pqe::engine engine(configuration());
    pqe::result rows(nullptr);

    engine.execute("DROP TABLE IF EXISTS guests");
    engine.execute("CREATE TABLE guests (id bigint PRIMARY KEY, name text NOT NULL)");
    {
        pqe::transaction transaction(engine);

        transaction.execute("INSERT INTO guests VALUES (%s, %s)", PQE_INT64(1), PQE_TEXT("Ada"));
        transaction.commit();
    }
    try {
        pqe::transaction transaction(engine);

        transaction.execute("INSERT INTO guests VALUES (%s, %s)", PQE_INT64(2), PQE_TEXT("Bo"));
        transaction.execute("INSERT INTO guests VALUES (%s, %s)", PQE_INT64(1), PQE_TEXT("Cy"));
        transaction.commit();
    } catch (const pqe::failure &failure) {
        std::printf("rolled back: %s (%s)\n", failure.what(), failure.sqlstate.c_str());
    }
    rows = engine.execute("SELECT id, name FROM guests ORDER BY id");
    for (std::size_t row = 0; row < rows.rows(); row++) {
        std::printf("guest %lld: %s\n", static_cast<long long>(rows.integer(row, "id")),
                    rows.text(row, "name").c_str());
    }
    engine.execute("DROP TABLE guests");
}

int main()
{
    try {
        work();
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "raii: %s\n", failure.what());
        return 1;
    }
    return 0;
}
