/*
 * text_file.h - reads a text file whole and makes sure that it is text
 */
#ifndef PQE_TEXT_FILE_H
#define PQE_TEXT_FILE_H

#include "pqengine.h"

/*
 * Reads the file into *text (NUL-terminated, freed by the caller with free): valid UTF-8 without
 * NUL bytes, a byte order mark at its start left out, line ends made "\n".  Errors name the file,
 * and the line where there is one: PQE_ERR_IO where it cannot be read, otherwise the code given as
 * malformed.
 */
pqe_status pqe_read_text_file(const char *path, pqe_status malformed, char **text,
                              pqe_error *error);

#endif /* PQE_TEXT_FILE_H */
