/*
 * decode.c - from the server's text form of a value to a C value
 */
#include "decode.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY (86400 * US_PER_SECOND)

bool pqe_decode_bool(const char *text, bool *value)
{
    if (strcmp(text, "t") != 0 && strcmp(text, "f") != 0) {
        return false;
    }
    *value = text[0] == 't';
    return true;
}

bool pqe_decode_integer(const char *text, int64_t least, int64_t most, int64_t *value)
{
    bool negative = *text == '-';
    const char *digits = negative ? text + 1 : text;
    int64_t number = 0; /* below 0, where there is room for one more */

    if (*digits == '\0') {
        return false;
    }
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *digits - '0', &number)) {
            return false;
        }
    }
    if ((!negative && __builtin_sub_overflow((int64_t)0, number, &number)) || number < least ||
        number > most) {
        return false;
    }
    *value = number;
    return true;
}

/* The decimal point is a point whatever the program's locale says. */
static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool pqe_decode_double(const char *text, double *value)
{
    char *end;
    double number;

    pthread_once(&c_locale_once, make_c_locale);
    if (*text == '\0' || *text == ' ' || strpbrk(text, "xXpP") != NULL) {
        return false;
    }
    errno = 0;
    number = c_locale != (locale_t)0 ? strtod_l(text, &end, c_locale) : strtod(text, &end);
    /* A number too small for a double is as near to 0 as it gets; one too large is an error. */
    if (end == text || *end != '\0' || (errno == ERANGE && (number > 1.0 || number < -1.0))) {
        return false;
    }
    *value = number;
    return true;
}

bool pqe_decode_float(const char *text, float *value)
{
    double number;

    if (!pqe_decode_double(text, &number)) {
        return false;
    }
    if ((number > FLT_MAX || number < -FLT_MAX) && strpbrk(text, "iI") == NULL) {
        return false;
    }
    *value = (float)number;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool pqe_decode_uuid(const char *text, uint8_t value[16])
{
    uint8_t bytes[16];

    for (int i = 0; i < 16; i++) {
        int high;
        int low;

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (*text++ != '-') {
                return false;
            }
        }
        high = hex_digit(text[0]);
        low = high >= 0 ? hex_digit(text[1]) : -1;
        if (low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    if (*text != '\0') {
        return false;
    }
    memcpy(value, bytes, sizeof(bytes));
    return true;
}

/* ---------------------------------------------------------------------------------------------- */
/* Dates and times                                                                                */
/* ---------------------------------------------------------------------------------------------- */

/* Reads a number of that many digits at least and at most. */
static bool read_number(const char **at, int least, int most, int *value)
{
    int digits = 0;

    *value = 0;
    while (digits < most && **at >= '0' && **at <= '9') {
        *value = *value * 10 + (**at - '0');
        (*at)++;
        digits++;
    }
    return digits >= least;
}

static bool read_char(const char **at, char c)
{
    if (**at != c) {
        return false;
    }
    (*at)++;
    return true;
}

/*
 * Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Howard Hinnant's
 * days_from_civil: years are counted from March, so that the leap day is a year's last).
 */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t era;
    int64_t year_of_era;
    int64_t day_of_year;

    year -= month <= 2 ? 1 : 0;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool read_date(const char **at, int *year, int *month, int *day)
{
    return read_number(at, 4, 7, year) && read_char(at, '-') && read_number(at, 2, 2, month) &&
           read_char(at, '-') && read_number(at, 2, 2, day) && *month >= 1 && *month <= 12 &&
           *day >= 1 && *day <= 31;
}

static bool read_time(const char **at, int64_t *microseconds)
{
    int hour;
    int minute;
    int second;
    int64_t fraction = 0;

    if (!read_number(at, 2, 2, &hour) || !read_char(at, ':') || !read_number(at, 2, 2, &minute) ||
        !read_char(at, ':') || !read_number(at, 2, 2, &second) || hour > 24 || minute > 59 ||
        second > 60) {
        return false;
    }
    if (read_char(at, '.')) {
        int64_t unit = US_PER_SECOND / 10;

        for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10) {
            fraction += unit * (**at - '0');
        }
    }
    *microseconds = ((int64_t)hour * 3600 + minute * 60 + second) * US_PER_SECOND + fraction;
    return true;
}

/* "+05", "-03:30", "+00:19:32", or nothing. */
static bool read_offset(const char **at, int64_t *seconds)
{
    int sign = **at == '-' ? -1 : 1;
    int hour;
    int minute = 0;
    int second = 0;

    *seconds = 0;
    if (**at != '+' && **at != '-') {
        return true;
    }
    (*at)++;
    if (!read_number(at, 2, 2, &hour)) {
        return false;
    }
    if (read_char(at, ':') && !read_number(at, 2, 2, &minute)) {
        return false;
    }
    if (read_char(at, ':') && !read_number(at, 2, 2, &second)) {
        return false;
    }
    *seconds = sign * ((int64_t)hour * 3600 + minute * 60 + second);
    return true;
}

/* The end of the text, with "BC" before it or not; the year before year 1 is year 0. */
static bool read_era(const char **at, int *year)
{
    if (strcmp(*at, " BC") == 0) {
        *year = 1 - *year;
        return true;
    }
    return **at == '\0';
}

bool pqe_decode_date(const char *text, int32_t *days)
{
    const char *at = text;
    int year;
    int month;
    int day;
    int64_t number;

    if (strcmp(text, "infinity") == 0 || strcmp(text, "-infinity") == 0) {
        *days = text[0] == '-' ? INT32_MIN : INT32_MAX;
        return true;
    }
    if (!read_date(&at, &year, &month, &day) || !read_era(&at, &year)) {
        return false;
    }
    number = days_from_date(year, month, day);
    if (number <= INT32_MIN || number >= INT32_MAX) {
        return false;
    }
    *days = (int32_t)number;
    return true;
}

bool pqe_decode_timestamp(const char *text, int64_t *microseconds)
{
    const char *at = text;
    int year;
    int month;
    int day;
    int64_t time = 0;
    int64_t offset = 0;
    int64_t days;

    if (strcmp(text, "infinity") == 0 || strcmp(text, "-infinity") == 0) {
        *microseconds = text[0] == '-' ? INT64_MIN : INT64_MAX;
        return true;
    }
    if (!read_date(&at, &year, &month, &day)) {
        return false;
    }
    if (*at == ' ' && at[1] >= '0' && at[1] <= '9') {
        at++;
        if (!read_time(&at, &time) || !read_offset(&at, &offset)) {
            return false;
        }
    }
    if (!read_era(&at, &year)) {
        return false;
    }
    days = days_from_date(year, month, day);
    /* The server's own range ends at 294276 AD. */
    if (days < -INT64_C(2500000) || days > INT64_C(106751990)) {
        return false;
    }
    *microseconds = days * US_PER_DAY + time - offset * US_PER_SECOND;
    return true;
}

bool pqe_decode_time(const char *text, int64_t *microseconds)
{
    const char *at = text;
    int64_t time;

    if (!read_time(&at, &time) || *at != '\0' || time > US_PER_DAY) {
        return false;
    }
    *microseconds = time;
    return true;
}
