/*
 * models.h - gathers a folder of models into the one text that the server reads
 */
#ifndef PQE_MODELS_H
#define PQE_MODELS_H

#include "buffer.h"
#include "pqengine.h"

/*
 * Appends the models at path: a file, or a folder that is searched in depth for files named *.sql,
 * in the byte order of their paths.  Before each file stands a line "-- pqengine:file PATH".
 *
 * Errors: PQE_ERR_MODELS where there is no such file or folder, no .sql file in it, or a file is
 * not text; PQE_ERR_IO where one cannot be read.
 */
pqe_status pqe_append_models(const char *path, pqe_buffer *text, pqe_error *error);

#endif /* PQE_MODELS_H */
