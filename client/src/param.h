/*
 * param.h - parameters in the form that libpq sends
 */
#ifndef PQE_PARAM_H
#define PQE_PARAM_H

#include <libpq-fe.h>

#include "buffer.h"
#include "pqengine.h"

/* How many parameters need no memory of their own. */
#define PQE_FEW_PARAMS 16

/* The arrays of PQsendQueryParams.  Holds pointers into itself: do not copy. */
typedef struct pqe_encoded {
    int count;
    Oid *types;
    const char **values;
    int *lengths;
    int *formats;
    char (*scratch)[8]; /* numbers in network order */
    pqe_buffer *arrays; /* one for each array parameter, NULL where there is none */
    size_t array_count;

    void *memory; /* of all of the above where there are many */
    Oid few_types[PQE_FEW_PARAMS];
    const char *few_values[PQE_FEW_PARAMS];
    int few_lengths[PQE_FEW_PARAMS];
    int few_formats[PQE_FEW_PARAMS];
    char few_scratch[PQE_FEW_PARAMS][8];
} pqe_encoded;

/* Encodes; what the parameters point to must live as long as the result. */
pqe_status pqe_encode(pqe_encoded *encoded, const pqe_param *params, size_t count,
                      pqe_error *error);
void pqe_encoded_free(pqe_encoded *encoded);

/*
 * How much memory a copy of what a parameter points to takes, 0 where that is nothing; a multiple of
 * what any of it must be aligned to.
 */
size_t pqe_param_extent(const pqe_param *param);

/* Copies what a parameter points to, and makes it point there. */
void pqe_param_move(pqe_param *param, void *memory);

/*
 * Both: makes a parameter point to a copy of its value, for which *memory is to be freed (NULL:
 * nothing).  False where memory runs out.
 */
bool pqe_param_copy(pqe_param *param, void **memory);

/* Appends a parameter's value as a reader would write it: NULL, 42, 'text' (cut when long). */
void pqe_param_describe(pqe_buffer *text, const pqe_param *param);

#endif /* PQE_PARAM_H */
