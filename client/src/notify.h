/*
 * notify.h - the listeners of an engine
 */
#ifndef PQE_NOTIFY_H
#define PQE_NOTIFY_H

#include "engine.h"

/* Stops the listeners that were not closed, which stay valid until they are freed. */
void pqe_listeners_stop(pqe_engine *engine);
void pqe_listeners_free(pqe_engine *engine);

#endif /* PQE_NOTIFY_H */
