/*
 * raii.h - the handles of pqengine for C++17: freed by their destructors, errors thrown
 *
 * Small enough to be copied into a program.  A transaction that goes out of scope without commit is
 * rolled back, and so is one that an exception leaves.
 */
#ifndef EXAMPLES_RAII_H
#define EXAMPLES_RAII_H

#include <pqengine.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace pqe
{

class failure : public std::runtime_error
{
  public:
    explicit failure(const pqe_error &error)
        : std::runtime_error(error.message), code(error.code), sqlstate(error.sqlstate)
    {
    }

    pqe_status code;
    std::string sqlstate;
};

inline void check(pqe_status status, const pqe_error &error)
{
    if (status != PQE_OK) {
        throw failure(error);
    }
}

class result
{
  public:
    explicit result(pqe_result *raw) : handle(raw)
    {
    }

    std::size_t rows() const
    {
        return pqe_result_rows(handle.get());
    }

    std::int64_t integer(std::size_t row, const char *column) const
    {
        pqe_error error;
        std::int64_t value = 0;

        check(pqe_get_int64_by_name(handle.get(), row, column, &value, &error), error);
        return value;
    }

    std::string text(std::size_t row, const char *column) const
    {
        pqe_error error;
        const char *value = nullptr;

        check(pqe_get_text_by_name(handle.get(), row, column, &value, &error), error);
        return value != nullptr ? value : "";
    }

  private:
    struct free_result {
        void operator()(pqe_result *raw) const
        {
            pqe_result_free(raw);
        }
    };
    std::unique_ptr<pqe_result, free_result> handle;
};

class engine
{
  public:
    explicit engine(const pqe_config &config)
    {
        pqe_error error;

        check(pqe_create_engine(&config, &handle, &error), error);
    }
    ~engine()
    {
        pqe_free_engine(handle);
    }
    engine(const engine &) = delete;
    engine &operator=(const engine &) = delete;

    template <typename... Params> result execute(const char *sql, Params... params)
    {
        const pqe_param list[] = {params..., pqe_param_null()};
        pqe_result *raw = nullptr;
        pqe_error error;

        check(pqe_execute(handle, sql, list, sizeof...(params), &raw, &error), error);
        return result(raw);
    }

    pqe_engine *get() const
    {
        return handle;
    }

  private:
    pqe_engine *handle = nullptr;
};

class transaction
{
  public:
    explicit transaction(engine &on)
    {
        pqe_error error;

        check(pqe_transaction_begin(on.get(), nullptr, &handle, &error), error);
    }
    ~transaction()
    {
        if (handle != nullptr) {
            (void)pqe_transaction_rollback(handle, nullptr);
        }
    }
    transaction(const transaction &) = delete;
    transaction &operator=(const transaction &) = delete;

    template <typename... Params> result execute(const char *sql, Params... params)
    {
        const pqe_param list[] = {params..., pqe_param_null()};
        pqe_result *raw = nullptr;
        pqe_error error;

        check(pqe_transaction_execute(handle, sql, list, sizeof...(params), &raw, &error), error);
        return result(raw);
    }

    void commit()
    {
        pqe_error error;

        check(pqe_transaction_commit(std::exchange(handle, nullptr), &error), error);
    }

  private:
    pqe_transaction *handle = nullptr;
};

} // namespace pqe

#endif // EXAMPLES_RAII_H
