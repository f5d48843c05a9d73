/*
 * cppcheck-postgres.h: the macros of PostgreSQL's headers that cppcheck must know
 * to read extension/src; it is run without those headers.
 */
#define PG_FUNCTION_ARGS FunctionCallInfo fcinfo
#define PG_FUNCTION_INFO_V1(name) extern Datum name(FunctionCallInfo fcinfo)
#define PG_MODULE_MAGIC extern int pg_module_magic
#define PGDLLEXPORT
#define foreach(cell, list) for (ListCell *cell = first_cell(list); cell; cell = next_cell(cell))
#define foreach_ptr(type, var, list) for (type *var = first_of(list); var; var = next_of(list))
#define forboth(c1, l1, c2, l2) for (ListCell *c1 = first_cell(l1), *c2 = first_cell(l2); c1 && c2; c1 = next_cell(c1))
#define for_each_from(cell, list, n) for (ListCell *cell = nth_cell(list, n); cell; cell = next_cell(cell))
#define PG_TRY() if (pg_enter())
#define PG_CATCH() else
#define PG_FINALLY()
#define PG_END_TRY() pg_leave()
#define pg_attribute_printf(f, a)
#define pg_noreturn
#define pg_attribute_noreturn()
