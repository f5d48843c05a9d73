/*
 * metrics_server.h - an engine's metrics over HTTP
 */
#ifndef PQE_METRICS_SERVER_H
#define PQE_METRICS_SERVER_H

#include "engine.h"

/* Ends it, where it runs. */
void pqe_metrics_server_end(pqe_engine *engine);

#endif /* PQE_METRICS_SERVER_H */
