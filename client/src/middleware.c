/*
 * middleware.c - the middlewares and hooks of an engine
 */
#include "middleware.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "thread.h"

/* The longest name of a middleware. */
#define LONGEST_NAME 63

/* A middleware or a hook; it goes when the last chain that has it does. */
typedef struct station {
    int references; /* chains it is in; guarded by the registry's lock */
    uint64_t id;    /* in the order they were added */
    bool is_hook;
    pqe_middleware middleware;
    char name[LONGEST_NAME + 1];
    pqe_hook_point point;
    pqe_hook hook;
    void *hook_data;
    struct station *next; /* of those that are to go */
} station;

struct pqe_chain {
    int references;     /* calls, seats, and one while it is the present one; guarded by the lock */
    size_t middlewares; /* so many come first, the outermost one at the start */
    size_t count;       /* hooks follow, in the order they were added */
    station *stations[];
};

/* The chain that a thread, by its seat, used last, with its reference; NULL while it uses it. */
typedef struct left {
    _Alignas(64) _Atomic(pqe_chain *) chain;
} left;

struct pqe_registry {
    left lefts[PQE_SEATS];
    _Atomic(pqe_chain *) chain; /* the present one, NULL where it is empty; changes with the lock */
    pthread_mutex_t lock;
    pthread_cond_t gone; /* a chain with hooks has gone */
    uint64_t next_id;
};

pqe_registry *pqe_registry_new(void)
{
    pqe_registry *registry = aligned_alloc(_Alignof(pqe_registry), sizeof(*registry));

    if (registry != NULL) {
        memset(registry, 0, sizeof(*registry));
        pthread_mutex_init(&registry->lock, NULL);
        pthread_cond_init(&registry->gone, NULL);
    }
    return registry;
}

/* ---------------------------------------------------------------------------------------------- */
/* Chains                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* One call less on a chain; stations that go with it are put into *going.  Call with the lock. */
static void drop_chain(pqe_registry *registry, pqe_chain *chain, station **going)
{
    if (chain == NULL || --chain->references > 0) {
        return;
    }
    for (size_t i = 0; i < chain->count; i++) {
        station *at = chain->stations[i];

        if (--at->references == 0) {
            at->next = *going;
            *going = at;
        }
    }
    if (chain->count > chain->middlewares) {
        pthread_cond_broadcast(&registry->gone);
    }
    free(chain);
}

/* Replaces the present chain, whose reference goes.  Call with the lock. */
static void set_chain(pqe_registry *registry, pqe_chain *chain, station **going)
{
    pqe_chain *old = atomic_exchange(&registry->chain, chain);

    for (size_t i = 0; i < PQE_SEATS; i++) {
        drop_chain(registry, atomic_exchange(&registry->lefts[i].chain, NULL), going);
    }
    drop_chain(registry, old, going);
}

/* Without the lock, since release is the program's code. */
static void free_stations(station *going)
{
    while (going != NULL) {
        station *at = going;

        going = at->next;
        if (!at->is_hook && at->middleware.release != NULL) {
            at->middleware.release(at->middleware.data);
        }
        free(at);
    }
}

static void release_with_lock(pqe_registry *registry, pqe_chain *chain)
{
    station *going = NULL;

    pthread_mutex_lock(&registry->lock);
    drop_chain(registry, chain, &going);
    pthread_mutex_unlock(&registry->lock);
    free_stations(going);
}

pqe_chain *pqe_chain_keep(pqe_registry *registry)
{
    _Atomic(pqe_chain *) *own = &registry->lefts[pqe_thread_seat()].chain;
    pqe_chain *chain;

    if (atomic_load_explicit(&registry->chain, memory_order_acquire) == NULL) {
        return NULL;
    }
    chain = atomic_exchange(own, NULL);
    if (chain != NULL && chain == atomic_load(&registry->chain)) {
        return chain;
    }
    if (chain != NULL) {
        release_with_lock(registry, chain);
    }
    pthread_mutex_lock(&registry->lock);
    chain = atomic_load(&registry->chain);
    if (chain != NULL) {
        chain->references++;
    }
    pthread_mutex_unlock(&registry->lock);
    return chain;
}

/*
 * Leaves the chain for this thread's next call, unless it has been replaced.  Who replaces it first
 * puts the new one in its place and then clears all seats; so of the two one sees what the other did.
 */
void pqe_chain_release(pqe_registry *registry, pqe_chain *chain)
{
    _Atomic(pqe_chain *) *own = &registry->lefts[pqe_thread_seat()].chain;
    pqe_chain *other = NULL;

    if (chain == NULL) {
        return;
    }
    if (!atomic_compare_exchange_strong(own, &other, chain)) {
        other = chain; /* another thread of this seat has left its own */
    } else if (atomic_load(&registry->chain) != chain) {
        other = atomic_exchange(own, NULL);
    }
    if (other != NULL) {
        release_with_lock(registry, other);
    }
}

void pqe_registry_free(pqe_registry *registry)
{
    station *going = NULL;

    if (registry == NULL) {
        return;
    }
    set_chain(registry, NULL, &going);
    free_stations(going);
    pthread_cond_destroy(&registry->gone);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

size_t pqe_chain_middlewares(const pqe_chain *chain)
{
    return chain != NULL ? chain->middlewares : 0;
}

const pqe_middleware *pqe_chain_middleware(const pqe_chain *chain, size_t number)
{
    return &chain->stations[number]->middleware;
}

pqe_hook pqe_chain_hook(const pqe_chain *chain, pqe_hook_point point, size_t number, void **data)
{
    size_t count = chain != NULL ? chain->count : 0;

    for (size_t i = pqe_chain_middlewares(chain); i < count; i++) {
        station *at = chain->stations[i];

        if (at->point == point && number-- == 0) {
            *data = at->hook_data;
            return at->hook;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */
/* Changing the present one                                                                       */
/* ---------------------------------------------------------------------------------------------- */

/* Whether a station stands before another: middlewares by priority, then hooks, each by age. */
static bool is_before(const station *left, const station *right)
{
    if (left->is_hook != right->is_hook) {
        return right->is_hook;
    }
    if (!left->is_hook && left->middleware.priority != right->middleware.priority) {
        return left->middleware.priority > right->middleware.priority;
    }
    return left->id < right->id;
}

/*
 * Puts a new chain in the place of the present one: with `added` (NULL: none), without those that
 * `leaves_out` names.  Call with the lock.  False where memory runs out.
 */
static bool replace_chain(pqe_registry *registry, station *added,
                          bool (*leaves_out)(const station *at, const void *what), const void *what,
                          station **going)
{
    const pqe_chain *old = atomic_load(&registry->chain);
    size_t room = (old != NULL ? old->count : 0) + 1;
    pqe_chain *made = calloc(1, sizeof(*made) + room * sizeof(station *));

    if (made == NULL) {
        return false;
    }
    for (size_t i = 0; i <= (old != NULL ? old->count : 0); i++) {
        station *at = old != NULL && i < old->count ? old->stations[i] : NULL;

        if (added != NULL && (at == NULL || is_before(added, at))) {
            made->stations[made->count++] = added;
            made->middlewares += added->is_hook ? 0 : 1;
            added->references++;
            added = NULL;
        }
        if (at != NULL && (leaves_out == NULL || !leaves_out(at, what))) {
            made->stations[made->count++] = at;
            made->middlewares += at->is_hook ? 0 : 1;
            at->references++;
        }
    }
    made->references = 1;
    if (made->count == 0) {
        free(made);
        made = NULL;
    }
    set_chain(registry, made, going);
    return true;
}

static station *find_middleware(const pqe_registry *registry, const char *name)
{
    const pqe_chain *chain = atomic_load(&registry->chain);

    for (size_t i = 0; i < pqe_chain_middlewares(chain); i++) {
        if (strcmp(chain->stations[i]->name, name) == 0) {
            return chain->stations[i];
        }
    }
    return NULL;
}

static pqe_status check_middleware(const pqe_middleware *middleware, pqe_error *error)
{
    if (middleware == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "middleware is NULL");
    }
    if (middleware->version != PQE_MIDDLEWARE_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the middleware has version %d, this library knows version %d; start "
                             "from PQE_MIDDLEWARE_INIT",
                             middleware->version, PQE_MIDDLEWARE_VERSION);
    }
    if (middleware->name == NULL || middleware->name[0] == '\0' ||
        strlen(middleware->name) > LONGEST_NAME) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "a middleware's name must have 1 to %d bytes", LONGEST_NAME);
    }
    if (middleware->timeout_ms < 0 || middleware->timeout_ms > PQE_LONGEST_MS) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the timeout of the middleware \"%s\" is %lld ms", middleware->name,
                             (long long)middleware->timeout_ms);
    }
    return PQE_OK;
}

/* Puts a station into the chain, unless there is one of that name. */
static pqe_status add_station(pqe_registry *registry, station *made, uint64_t *id, pqe_error *error)
{
    station *going = NULL;
    pqe_status status = PQE_OK;

    pthread_mutex_lock(&registry->lock);
    made->id = ++registry->next_id;
    if (!made->is_hook && find_middleware(registry, made->name) != NULL) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                               "there is a middleware \"%s\" already", made->name);
    } else if (!replace_chain(registry, made, NULL, NULL, &going)) {
        status = pqe_error_no_memory(error);
    } else if (id != NULL) {
        *id = made->id;
    }
    pthread_mutex_unlock(&registry->lock);
    free_stations(going);
    if (status != PQE_OK) {
        free(made);
    }
    return status;
}

pqe_status pqe_add_middleware(pqe_engine *engine, const pqe_middleware *middleware,
                              pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    station *made;

    if (status == PQE_OK) {
        status = check_middleware(middleware, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->middleware = *middleware;
    strcpy(made->name, middleware->name);
    made->middleware.name = made->name;
    return add_station(engine->registry, made, NULL, error);
}

static bool is_middleware(const station *at, const void *name)
{
    return !at->is_hook && (name == NULL || strcmp(at->name, name) == 0);
}

pqe_status pqe_remove_middleware(pqe_engine *engine, const char *name, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    station *going = NULL;

    if (status != PQE_OK) {
        return status;
    }
    if (name == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "name is NULL");
    }
    pthread_mutex_lock(&engine->registry->lock);
    if (find_middleware(engine->registry, name) == NULL) {
        status =
            pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no middleware \"%s\"", name);
    } else if (!replace_chain(engine->registry, NULL, is_middleware, name, &going)) {
        status = pqe_error_no_memory(error);
    }
    pthread_mutex_unlock(&engine->registry->lock);
    free_stations(going);
    return status;
}

pqe_status pqe_clear_middlewares(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    station *going = NULL;

    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&engine->registry->lock);
    if (!replace_chain(engine->registry, NULL, is_middleware, NULL, &going)) {
        status = pqe_error_no_memory(error);
    }
    pthread_mutex_unlock(&engine->registry->lock);
    free_stations(going);
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* Hooks                                                                                          */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_add_hook(pqe_engine *engine, pqe_hook_point point, pqe_hook hook, void *data,
                        uint64_t *id, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    station *made;

    if (status != PQE_OK) {
        return status;
    }
    if (hook == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "hook is NULL");
    }
    if ((int)point < 0 || point >= PQE_HOOK_POINTS) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no hook point %d",
                             (int)point);
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->is_hook = true;
    made->point = point;
    made->hook = hook;
    made->hook_data = data;
    return add_station(engine->registry, made, id, error);
}

static bool is_hook(const station *at, const void *id)
{
    return at->is_hook && at->id == *(const uint64_t *)id;
}

static station *find_hook(const pqe_registry *registry, uint64_t id)
{
    const pqe_chain *chain = atomic_load(&registry->chain);

    for (size_t i = pqe_chain_middlewares(chain); chain != NULL && i < chain->count; i++) {
        if (chain->stations[i]->id == id) {
            return chain->stations[i];
        }
    }
    return NULL;
}

pqe_status pqe_remove_hook(pqe_engine *engine, uint64_t id, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    pqe_registry *registry;
    station *going = NULL;
    station *found;

    if (status != PQE_OK) {
        return status;
    }
    registry = engine->registry;
    pthread_mutex_lock(&registry->lock);
    found = find_hook(registry, id);
    if (found == NULL) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no hook %llu",
                               (unsigned long long)id);
    } else {
        found->references++; /* for this function: it goes when it is the last one */
        if (!replace_chain(registry, NULL, is_hook, &id, &going)) {
            found->references--;
            status = pqe_error_no_memory(error);
        }
    }
    while (status == PQE_OK && found->references > 1) {
        pthread_cond_wait(&registry->gone, &registry->lock);
    }
    pthread_mutex_unlock(&registry->lock);
    if (status == PQE_OK) {
        free(found);
    }
    free_stations(going);
    return status;
}
