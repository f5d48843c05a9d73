/*
 * model.c - models declared in C: their DDL, and rows onto structs
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

pqe_status pqe_model_check(const pqe_model *model, pqe_error *error)
{
    if (model == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "model is NULL");
    }
    if (model->version != PQE_MODEL_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the model has version %d, this library knows version %d",
                             model->version, PQE_MODEL_VERSION);
    }
    if (model->name == NULL || model->table == NULL || model->table[0] == '\0' ||
        model->fields == NULL || model->field_count == 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the model %s lacks a name, a table or fields; make it with PQE_MODEL",
                             model->name != NULL ? model->name : "");
    }
    return PQE_OK;
}

static bool has_text(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0';
}

/*
 * The name of a column is a C identifier, so that quoting it needs no escapes; it is quoted because
 * it may be a keyword of SQL or hold capitals.
 */
static void append_column(pqe_buffer *text, const pqe_field *field)
{
    pqe_buffer_printf(text, "    \"%s\" %s%s", field->name, field->sql_type,
                      field->optional ? "" : " NOT NULL");
    if (has_text(field->constraints)) {
        pqe_buffer_printf(text, " %s", field->constraints);
    }
}

static void append_model(pqe_buffer *text, const pqe_model *model)
{
    const pqe_field *fields = model->fields();

    pqe_buffer_printf(text, "CREATE TABLE %s (\n", model->table);
    for (size_t i = 0; i < model->field_count; i++) {
        append_column(text, &fields[i]);
        pqe_buffer_append(text, i + 1 < model->field_count || has_text(model->constraints) ? ",\n"
                                                                                           : "\n");
    }
    if (has_text(model->constraints)) {
        pqe_buffer_printf(text, "    %s\n", model->constraints);
    }
    pqe_buffer_append(text, ");\n");
    if (has_text(model->statements)) {
        pqe_buffer_printf(text, "%s\n", model->statements);
    }
}

pqe_status pqe_model_sql(const pqe_model *model, char **sql, pqe_error *error)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_status status;

    pqe_error_clear(error);
    if (sql == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "sql is NULL");
    }
    *sql = NULL;
    status = pqe_model_check(model, error);
    if (status != PQE_OK) {
        return status;
    }
    append_model(&text, model);
    *sql = pqe_buffer_take(&text);
    return *sql != NULL ? PQE_OK : pqe_error_no_memory(error);
}

void pqe_free(void *memory)
{
    free(memory);
}

/* Adds a model to the engine's list; call with models_lock held. */
static pqe_status add_model(pqe_engine *engine, const pqe_model *model, pqe_error *error)
{
    const pqe_model **models;

    for (size_t i = 0; i < engine->model_count; i++) {
        if (strcmp(engine->models[i]->table, model->table) == 0) {
            return pqe_error_set(error, PQE_ERR_MODELS,
                                 "the table %s has two models: PQE_MODEL(%s) and PQE_MODEL(%s)",
                                 model->table, engine->models[i]->name, model->name);
        }
    }
    models = realloc(engine->models, (engine->model_count + 1) * sizeof(const pqe_model *));
    if (models == NULL) {
        return pqe_error_no_memory(error);
    }
    models[engine->model_count] = model;
    engine->models = models;
    engine->model_count++;
    return PQE_OK;
}

pqe_status pqe_register_model(pqe_engine *engine, const pqe_model *model, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK) {
        status = pqe_model_check(model, error);
    }
    if (status == PQE_OK) {
        pthread_mutex_lock(&engine->models_lock);
        status = add_model(engine, model, error);
        pthread_mutex_unlock(&engine->models_lock);
    }
    return status;
}

pqe_status pqe_append_registered_models(pqe_engine *engine, pqe_buffer *text, size_t *count,
                                        pqe_error *error)
{
    pthread_mutex_lock(&engine->models_lock);
    for (size_t i = 0; i < engine->model_count; i++) {
        pqe_buffer_printf(text, "-- pqengine:file PQE_MODEL(%s)\n", engine->models[i]->name);
        append_model(text, engine->models[i]);
    }
    if (count != NULL) {
        *count = engine->model_count;
    }
    pthread_mutex_unlock(&engine->models_lock);
    return pqe_buffer_failed(text) ? pqe_error_no_memory(error) : PQE_OK;
}
