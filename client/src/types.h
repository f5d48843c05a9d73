/*
 * types.h - the oids of built-in types, and where the server's calendar begins
 *
 * The oids are part of PostgreSQL's protocol in all but name: they have never changed.  The server
 * headers that define them are not part of libpq.
 */
#ifndef PQE_TYPES_H
#define PQE_TYPES_H

enum {
    PQE_OID_BOOL = 16,
    PQE_OID_BYTEA = 17,
    PQE_OID_INT8 = 20,
    PQE_OID_INT2 = 21,
    PQE_OID_INT4 = 23,
    PQE_OID_TEXT = 25,
    PQE_OID_JSON = 114,
    PQE_OID_FLOAT4 = 700,
    PQE_OID_FLOAT8 = 701,
    PQE_OID_BOOL_ARRAY = 1000,
    PQE_OID_INT4_ARRAY = 1007,
    PQE_OID_TEXT_ARRAY = 1009,
    PQE_OID_INT8_ARRAY = 1016,
    PQE_OID_FLOAT8_ARRAY = 1022,
    PQE_OID_DATE = 1082,
    PQE_OID_TIME = 1083,
    PQE_OID_TIMESTAMP = 1114,
    PQE_OID_TIMESTAMPTZ = 1184,
    PQE_OID_TIMESTAMPTZ_ARRAY = 1185,
    PQE_OID_NUMERIC = 1700,
    PQE_OID_UUID = 2950,
    PQE_OID_UUID_ARRAY = 2951,
    PQE_OID_JSONB = 3802
};

/* Days from 1970-01-01, where C counts from, to 2000-01-01, where the server does. */
#define PQE_EPOCH_DAYS 10957

#endif /* PQE_TYPES_H */
