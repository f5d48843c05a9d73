/*
 * role.c - uses one session until its server has not the role any more that the DSN asks for
 *
 * Prints "there" when the session has outlasted some pings, and at the end how many were left for the
 * server's role and how many were found broken.
 */
#include <pqengine.h>

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_engine *engine;
    pqe_error error;

    if (argc != 2) {
        fprintf(stderr, "usage: role DSN\n");
        return 2;
    }
    config.dsn = argv[1];
    config.ensure_database = false;
    config.pool_size = 1;
    config.pool_pre_ping = true;
    config.health_check_enabled = false;
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        fprintf(stderr, "starting: %s\n", error.message);
        return 1;
    }
    for (int i = 0; metrics.health.demoted == 0 && metrics.pool.broken == 0; i++) {
        if (i == 20) {
            printf("there\n");
            fflush(stdout);
        }
        (void)pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error);
        usleep(10000);
        if (pqe_metrics(engine, &metrics, &error) != PQE_OK) {
            return 1;
        }
    }
    printf("left %llu, broken %llu\n", (unsigned long long)metrics.health.demoted,
           (unsigned long long)metrics.pool.broken);
    pqe_free_engine(engine);
    return 0;
}
