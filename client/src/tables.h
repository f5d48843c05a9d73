/*
 * tables.h - which tables a statement names
 *
 * Found by the lexer and a few rules about what follows which keyword; there is no grammar here.
 * The tests compare it with PostgreSQL's own parser.
 */
#ifndef PQE_TABLES_H
#define PQE_TABLES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pqe_tables {
    char *names; /* each ends in NUL, one behind the other; NULL where there is none */
    size_t count;
    bool writes;      /* one of them is written to */
    bool lacks_where; /* an UPDATE or DELETE has no WHERE of its own */
} pqe_tables;

/*
 * Reads the tables of a statement that the lexer found nothing wrong with: first those that are
 * written to, each once.  Names of CTEs, where they are visible, and of functions are left out, and
 * so is what CREATE, ALTER and DROP are about.
 * False where memory runs out.
 */
bool pqe_tables_read(pqe_tables *tables, const char *sql);
void pqe_tables_free(pqe_tables *tables);

/* The name with that number, from 0, or NULL. */
const char *pqe_tables_name(const pqe_tables *tables, size_t number);

#endif /* PQE_TABLES_H */
